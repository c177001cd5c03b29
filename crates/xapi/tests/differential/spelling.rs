//! Writing one JSON value in many ways: order of keys, white space, escapes, number notation.

use serde_json::Value;

use crate::dice::Dice;

/// `value` as JSON text that looks different each time and means the same.
pub fn respell(value: &Value, dice: &mut Dice) -> String {
    let mut out = String::new();
    write(value, dice, &mut out);
    out
}

fn write(value: &Value, dice: &mut Dice, out: &mut String) {
    blank(dice, out);
    match value {
        Value::Object(object) => {
            let mut members: Vec<_> = object.iter().collect();
            dice.shuffle(&mut members);
            out.push('{');
            for (index, (key, child)) in members.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                blank(dice, out);
                string(key, dice, out);
                blank(dice, out);
                out.push(':');
                write(child, dice, out);
            }
            out.push('}');
        }
        Value::Array(array) => {
            out.push('[');
            for (index, child) in array.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(child, dice, out);
            }
            blank(dice, out);
            out.push(']');
        }
        Value::String(text) => string(text, dice, out),
        Value::Number(number) => out.push_str(&respell_number(&number.to_string(), dice)),
        other => out.push_str(&other.to_string()),
    }
    blank(dice, out);
}

fn blank(dice: &mut Dice, out: &mut String) {
    if dice.once_in(6) {
        out.push_str(dice.pick(&[" ", "\n", "\t", "\r\n", "   "]));
    }
}

fn string(text: &str, dice: &mut Dice, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        let is_special = character < ' ' || matches!(character, '"' | '\\');
        if is_special || dice.once_in(30) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04X}"));
            }
        } else {
            out.push(character);
        }
    }
    out.push('"');
}

fn respell_number(number: &str, dice: &mut Dice) -> String {
    let is_integer = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    match dice.below(4) {
        0 if is_integer => format!("{number}.00"),
        1 if is_integer && number != "0" => format!("{number}0E-1"),
        2 if !number.contains(['e', 'E']) => format!("{number}e+0"),
        _ => number.to_owned(),
    }
}
