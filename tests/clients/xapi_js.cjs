// What content written with @xapi/xapi does: sends one statement and a batch, reads them back, voids one.
// ENDPOINT, KEY, SECRET and VERSION say where; prints one JSON object with what it saw.
const { default: XAPI, Verbs } = require("@xapi/xapi");

const { ENDPOINT, KEY, SECRET, VERSION } = process.env;
const client = new XAPI({ endpoint: `${ENDPOINT}/`, auth: XAPI.toBasicAuth(KEY, SECRET), version: VERSION });

const statement = (verb, name) => ({
  actor: { objectType: "Agent", account: { homePage: "https://client.example.com", name: "xapi-js" } },
  verb: Verbs[verb],
  object: { objectType: "Activity", id: `https://client.example.com/${name}` },
});

async function main() {
  const about = await client.getAbout();
  const sent = await client.sendStatement({ statement: statement("INITIALIZED", "one") });
  const batch = await client.sendStatements({
    statements: [statement("COMPLETED", "two"), statement("PASSED", "three")],
  });
  const one = await client.getStatement({ statementId: sent.data[0] });
  const voided = await client.voidStatement({
    actor: statement("PASSED", "x").actor,
    statementId: batch.data[0],
  });
  const gone = await client.getVoidedStatement({ voidedStatementId: batch.data[0] });
  const list = await client.getStatements({ agent: statement("PASSED", "x").actor, limit: 2, ascending: true });
  const more = await client.getMoreStatements({ more: list.data.more });
  process.stdout.write(
    JSON.stringify({
      versions: about.data.version,
      ids: [sent.data.length, batch.data.length, voided.data.length],
      verb: one.data.verb.id,
      voided: gone.data.object.id,
      listed: list.data.statements.concat(more.data.statements).map((found) => found.verb.id),
    }),
  );
}

main().catch((error) => {
  console.error(error.response ? [error.response.status, error.response.data] : error);
  process.exit(1);
});
