// What content written with TinCanJS (Storyline, Captivate and their like) does: saves a statement with PUT, a batch with
// POST, queries and follows `more`. ENDPOINT, KEY and SECRET say where; prints one JSON object with what it saw.
const TinCan = require("tincanjs");

const { ENDPOINT, KEY, SECRET } = process.env;
const lrs = new TinCan.LRS({ endpoint: `${ENDPOINT}/`, username: KEY, password: SECRET, allowFail: false });

const statement = (verb, name) =>
  new TinCan.Statement({
    actor: { mbox: "mailto:tincan-js@example.com" },
    verb: { id: `http://adlnet.gov/expapi/verbs/${verb}` },
    target: { id: `https://client.example.com/tincan/${name}` },
    result: { score: { scaled: 0.9 }, success: true },
  });

const call = (method, ...args) =>
  new Promise((resolve, reject) =>
    lrs[method](...args, {
      callback: (error, result) => (error === null ? resolve(result) : reject(new Error(`${method}: ${error} ${result && result.responseText}`))),
    }),
  );
const query = (method, cfg) =>
  new Promise((resolve, reject) =>
    lrs[method]({ ...cfg, callback: (error, result) => (error === null ? resolve(result) : reject(new Error(`${method}: ${error}`))) }),
  );

async function main() {
  const put = statement("attempted", "one");
  await call("saveStatement", put);
  await call("saveStatements", [statement("answered", "two"), statement("completed", "three")]);
  const read = await call("retrieveStatement", put.id);
  const params = { agent: new TinCan.Agent({ mbox: "mailto:tincan-js@example.com" }), limit: 2, ascending: true };
  const page = await query("queryStatements", { params });
  const rest = await query("moreStatements", { url: page.more });
  process.stdout.write(
    JSON.stringify({
      version: lrs.version,
      same: read.id === put.id && read.result.score.scaled === 0.9,
      listed: page.statements.concat(rest.statements).map((found) => found.verb.id.split("/").pop()),
    }),
  );
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
