"""What an LMS on Python (Open edX and its like) does with the TinCan library: saves, reads back, queries.

ENDPOINT, KEY and SECRET say where; prints one JSON object with what it saw.
"""

import json
import os
import uuid

from tincan import Activity, Agent, AgentAccount, RemoteLRS, Result, Score, Statement, Verb

lrs = RemoteLRS(
    endpoint=os.environ["ENDPOINT"] + "/",
    username=os.environ["KEY"],
    password=os.environ["SECRET"],
)
agent = Agent(account=AgentAccount(home_page="https://client.example.com", name="tincan-python"))


def statement(verb, name):
    return Statement(
        id=str(uuid.uuid4()),
        actor=agent,
        verb=Verb(id="http://adlnet.gov/expapi/verbs/" + verb),
        object=Activity(id="https://client.example.com/python/" + name),
        result=Result(score=Score(scaled=0.85), success=True),
    )


def check(response):
    if not response.success:
        raise SystemExit(f"{response.request.method} failed: {response.data}")
    return response.content


first = statement("attempted", "one")
check(lrs.save_statement(first))
check(lrs.save_statements([statement("completed", "two"), statement("passed", "three")]))
read = check(lrs.retrieve_statement(first.id))
page = check(lrs.query_statements({"agent": agent, "limit": 2, "ascending": True}))
found = list(page.statements)
if page.more:
    found += check(lrs.more_statements(page.more)).statements
print(
    json.dumps(
        {
            "same": str(read.id) == str(first.id) and read.result.score.scaled == 0.85,
            "listed": [one.verb.id.rsplit("/", 1)[1] for one in found],
        }
    )
)
