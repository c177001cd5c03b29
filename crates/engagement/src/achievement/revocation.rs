//! What is no longer earned because statements were voided, and since when.

use super::{Hits, describe, occurrences};
use crate::definitions::Definitions;
use crate::outcome::{Earned, Revoked};
use crate::timeline::{NEVER, Timeline};

/// How often one achievement is evaluated at most to find the voiding statements that revoked its occurrences. Exact for
/// some twenty occurrences revoked one by one. Beyond that, occurrences that were lost to neighbouring voiding
/// statements are attributed to the last of these.
pub const REVOCATION_SEARCHES_MAX: usize = 128;

/// How many rows these evaluations may look at, all together: what keeps a long history with many voided
/// statements from taking seconds.
const REVOCATION_ROWS_MAX: usize = 1_000_000;

/// However long the history, so many are always enough to be exact for one occurrence: they halve the voiding statements.
const REVOCATION_SEARCHES_MIN: usize = 32;

/// The occurrences that there would be if nothing had been voided, beyond those that there are.
pub(super) fn revoked(definitions: &Definitions, timeline: &Timeline<'_>, earned: &[Hits]) -> Vec<Earned> {
    let mut before_voids = vec![Hits::new(); definitions.achievements.len()];
    for index in &definitions.bottom_up {
        let achievement = &definitions.achievements[*index];
        before_voids[*index] = occurrences(achievement, &before_voids, timeline, 0);
    }
    let lost = (0..earned.len()).filter(|index| before_voids[*index].len() > earned[*index].len());
    lost.flat_map(|index| {
        let (left, hits) = (earned[index].len(), &before_voids[index]);
        let causes = causes(definitions, timeline, index, left, hits.len());
        let numbered = (1u32..).zip(hits).skip(left).zip(causes);
        numbered
            .map(|((number, hit), cause)| Earned {
                revoked: Some(reason(timeline, cause)),
                ..describe(&definitions.achievements[index], number, hit, timeline)
            })
            .collect::<Vec<_>>()
    })
    .collect()
}

fn reason(timeline: &Timeline<'_>, cause: usize) -> Revoked {
    let void = &timeline.voids[cause];
    Revoked {
        time: void.time,
        voided_by: void.id,
        voided: void.target,
        reason: format!("statement {} was voided by statement {}", void.target, void.id),
    }
}

/// For each occurrence after the first `left`, the index of the voiding entry after which there were fewer.
fn causes(
    definitions: &Definitions,
    timeline: &Timeline<'_>,
    index: usize,
    left: usize,
    all: usize,
) -> Vec<usize> {
    // Only what voids a row of this learner can be a cause, and each row is voided once.
    let mut heeded: Vec<usize> = timeline.rows.iter().map(|row| row.voided_by).collect();
    heeded.retain(|void| *void != NEVER);
    heeded.sort_unstable();
    let mut search = Search {
        count: |voids: usize| count(definitions, timeline, index, voids),
        evaluations: (REVOCATION_ROWS_MAX / timeline.rows.len())
            .clamp(REVOCATION_SEARCHES_MIN, REVOCATION_SEARCHES_MAX),
        causes: vec![heeded[heeded.len() - 1]; all - left],
        left,
    };
    search.narrow(&heeded, all, left);
    search.causes
}

/// How often the achievement is earned once the first `voids` voiding entries have been heeded.
fn count(definitions: &Definitions, timeline: &Timeline<'_>, index: usize, voids: usize) -> usize {
    let mut needed = vec![false; definitions.achievements.len()];
    needed[index] = true;
    for whole in definitions.bottom_up.iter().rev() {
        if needed[*whole] {
            definitions.achievements[*whole].way.parts().iter().for_each(|part| needed[*part] = true);
        }
    }
    let mut earned = vec![Hits::new(); definitions.achievements.len()];
    for part in definitions.bottom_up.iter().filter(|it| needed[**it]) {
        earned[*part] = occurrences(&definitions.achievements[*part], &earned, timeline, voids);
    }
    earned[index].len()
}

struct Search<Count> {
    count: Count,
    /// How many are left to do.
    evaluations: usize,
    causes: Vec<usize>,
    /// How many occurrences are left after all voids.
    left: usize,
}

impl<Count: Fn(usize) -> usize> Search<Count> {
    /// Finds the causes among `voids`, given that there were `before` occurrences before them and `after` after.
    fn narrow(&mut self, voids: &[usize], before: usize, after: usize) {
        let Some((last, _)) = voids.split_last().filter(|_| before > after) else { return };
        for number in after..before {
            self.causes[number - self.left] = *last;
        }
        if voids.len() == 1 || self.evaluations == 0 {
            return;
        }
        self.evaluations -= 1;
        let (first, second) = voids.split_at(voids.len() / 2);
        // To void a statement may also let an achievement that is made of others be earned once more, so the number need
        // not fall all the way. What is found is always one after which there are fewer.
        let between = (self.count)(first[first.len() - 1] + 1).clamp(after, before);
        self.narrow(first, before, between);
        self.narrow(second, between, after);
    }
}
