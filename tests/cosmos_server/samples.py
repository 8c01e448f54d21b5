"""Documents for the tests of the server."""


def document(id="1", project="p", agent="a", **fields):
    return {"id": str(id), "project": project, "agent": agent, **fields}


def key(project="p", agent="a"):
    return [project, agent]


def ids(documents):
    return [document["id"] for document in documents]
