"""Sends the same requests to MLflow's own server and to ours, and prints where the answers differ.

    mlflow server --port 5099 --backend-store-uri sqlite:////tmp/mlflow.db --artifacts-destination /tmp/mlflow-artifacts
    python differential.py http://127.0.0.1:5099 http://127.0.0.1:5000

Ids, times and made-up names are put aside; statuses, error codes, messages and fields are compared. Differences that
are meant are listed in MEANT with the reason. The exit code is the number of the others.
"""

import json
import re
import sys
import uuid
from urllib.parse import quote

import requests
from differential_fields import fields
from differential_places import places
from differential_search import searches
from differential_story import story

# path -> why our answer is another one
MEANT = {
    "hostile location": "we refuse places on the server's disk",
    "unknown path": "MLflow answers a page",
    "no body": "MLflow wants a content type first",
    "page token": "tokens are opaque; ours are words",
    "search bad": "MLflow's parser takes the name for a keyword of SQL",
    "update bad": "MLflow takes no notice of a status that it does not know",
    "history no run": "MLflow answers an empty series for a run that does not exist",
    "order twice": "MLflow answers 500",
    "search too many runs": "ours says what the limit is",
    "search params.p IN ('1')": "ours names the comparator",
    "search status IN ('FINISHED')": "we take a list for every attribute",
    "search metrics.m IS NULL": "ours names the comparator",
    "order zz": "ours lists the older names too",
    "order attributes.zz": "ours lists the older names too",
    "search a b c": "the rest of the filter is shown from where it stops making sense",
    "search tags.t = 'v' OR tags.t = 'w'": "the rest of the filter is shown from where it stops making sense",
    "server info": "we do not offer presigned uploads and the gateway",
}
# Pattern of the label -> why our answer is another one
MEANT_OFTEN = {
    r"(control|NUL|\^?2\^63|digits beyond)$": "we refuse characters and numbers that cannot be kept",
    r" page_token | token ": "MLflow's tokens are base64, ours are not",
    r"view_type|view ('zz'|4)|runs/update status|logged-models/\{id\} status": "MLflow takes no notice of a word that it does not know",
    r"^logged model|^POST logged-models/\{id\}": "MLflow asks for the id of the address in the body too",
    r"search max_results (absent|null)$": "our default is 1,000",
    r"runs/create (experiment_id|start_time) (absent|null|empty)": "the experiment Default, and now",
    r"^location|artifact_location": "we refuse places on a machine's disk",
    r"^climb|^put|^get ": "we refuse backslashes, '.' and '//' in paths, and know more kinds of files",
    r"item (text|number|null|list|number key|number value)$|batch metric (word|true|huge|fraction|number)|one metric (true|huge|fraction)| (fraction|true|word|list|object)$": "MLflow drops what it cannot read; we refuse it",
    r"(run|logged) (tag|param) item ": "MLflow checks neither keys nor lengths here",
    r"metric half model": "MLflow answers with its database's words",
    r"name long$|(run_id|source) long$": "our names have at most 256 characters; a longer id is shown cut",
    r"^runs order|^experiments order|^models order|^versions order|^logged order|order_by": "the message about an order says more",
    r"^latest|^rename": "MLflow gives stages in no order",
    r"^source (1[05678]|2[0134]|3[4-9]|[34] |11|8 |33)|source word": "we know no run or model of the name, or refuse more",
    r"^stage|^drop logged|dropped|deleted experiment rename": "a status that clients do not try again",
    r"filter (number|fraction|true|long|word)$": "the words that could not be read are cut",
    r"^interval|^GET metrics/get-history run_id|^bulk": "an unknown run is not an empty one",
    r"^GET .* name number$|^GET experiments/get |experiment_name number": "a number that is a name here and none there",
    r"runs/create (user_id|tags)": "MLflow drops what it cannot read; we refuse it",
    r"(outputs models|logged-models/search experiment_ids) (absent|null)$": "no list is an empty one",
    r"^POST .* (experiment_ids|stages) (empty|long)$|get-history max_results (empty|long)$|^f get run$": "MLflow reads on after what it cannot read",
    r"alias alias long$|version (absent|empty)$|model-versions/create model_id": "another check speaks first",
    r"^body |^content type$|^camel$": "we say what is wrong with a body, need no content type and read both spellings",
    r"^get-artifact|^source ": "another check speaks first",
    r"^datasets": "only MLflow's pages ask for it, elsewhere",
    r"logged-models source_run_id": "MLflow writes an empty id",
    r"^runs |^experiments |^models |^versions |^logged ": "the filter's message differs, or we take more",
}


NOISE = re.compile(r"[0-9a-f]{32}|\d{13}|^[a-z]+-[a-z]+-\d+$")
# Made up by each server.
LOOSE = {"sqlstate", "error_class", "user_id", "next_page_token", "workspace"}
# We say more: which logged model a version came from, and its aliases in every list.
MORE = {"model_id", "aliases"}


def tidy(value, ids):
    if isinstance(value, dict):
        if value.get("key") == "mlflow.runName":
            return {"key": "mlflow.runName"}
        loose = LOOSE | MORE if "current_stage" in value else LOOSE
        return {key: tidy(inner, ids) for key, inner in sorted(value.items()) if key not in loose}
    if isinstance(value, list):
        items = [tidy(inner, ids) for inner in value]
        # Metrics, params and tags come in no order.
        return sorted(items, key=json.dumps) if items and isinstance(items[0], dict) and "key" in items[0] else items
    if isinstance(value, str):
        for old, new in ids.items():
            if len(old) < 2:
                continue
            value = re.sub(rf"\b{old}\b", new, value)
        # Python prints its sets in no order.
        value = re.sub(r"\{('[^{}]*')\}?", lambda found: "{" + ", ".join(sorted(found[1].split(", "))) + "}", value)
        value = value.split("\nhint: ")[0].removesuffix(" See the API docs for more information about request parameters.")
        value = re.sub(r" already exists\. Error: .*", " already exists.", value, flags=re.S)
        return NOISE.sub("<id>", value if len(value) < 2000 else f"<{len(value)} characters>")
    if isinstance(value, int) and value > 10**12:
        return "<time>"
    return value


class Server:
    def __init__(self, url):
        self.url, self.ids, self.seen = url.rstrip("/"), {}, []

    def call(self, label, method, path, body=None, raw=None, prefix="/api/2.0/mlflow/", headers=None, query=None, heads=(), keep=()):
        more = {"data": raw, "params": query} if raw is not None else {"params": body} if method == "GET" else {"json": body}
        address = self.url + prefix
        # A session would tidy `..` away before it is sent.
        request = requests.Request(method, address, headers=headers, **more).prepare()
        request.url = request.url.replace(address, address + quote(path, safe="/%:~"), 1) if prefix.endswith("artifacts/") else request.url.replace(address, address + path, 1)
        try:
            with requests.Session() as session:
                answer = session.send(request, timeout=60, allow_redirects=False)
        except requests.RequestException as error:
            self.seen.append((label, method, path, body, 0, type(error).__name__))
            return {}
        try:
            content = answer.json()
        except ValueError:
            content = {"text": answer.text[:80]}
        tidied = tidy(content, self.ids)
        if keep:
            tidied = only(tidied, keep)
        if heads:
            tidied = {"body": tidied, **{head: answer.headers.get(head, "").lower() for head in heads}}
        self.seen.append((label, method, path, body, answer.status_code, tidied))
        return content

    def known(self, content, field):
        """Puts an id aside that each server made up by itself."""
        value = content[field]
        self.ids[value] = f"<{field}>"
        self.drop(field)
        return value

    def drop(self, field):
        if isinstance(self.seen[-1][5], dict):
            self.seen[-1][5].pop(field, None)


def only(value, keep):
    """Of a list of things nothing but the fields `keep`."""
    if not isinstance(value, dict) or "error_code" in value:
        return value
    return {key: [named(item, keep) for item in inner] if isinstance(inner, list) else inner for key, inner in value.items()}


def named(item, keep):
    return {key: inner for key, inner in item.get("info", item).items() if key in keep}


def narrow(theirs, ours, path=""):
    """The innermost place where two answers part."""
    if isinstance(theirs, dict) and isinstance(ours, dict) and theirs.keys() == ours.keys():
        for key in theirs:
            if theirs[key] != ours[key]:
                return narrow(theirs[key], ours[key], f"{path}.{key}")
    if isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        for at, (one, other) in enumerate(zip(theirs, ours, strict=True)):
            if one != other:
                return narrow(one, other, f"{path}[{at}]")
    return path, theirs, ours


def meant(label, status, theirs, ours):
    """Why an answer may be another one."""
    if status >= 500:
        return "MLflow breaks"
    if label in MEANT:
        return MEANT[label]
    # The same things with other numbers: both made them, one of them more often before.
    if isinstance(theirs, dict) and isinstance(ours, dict) and "error_code" not in theirs and "error_code" not in ours and re.search(r"create|search|version|history", label):
        return "numbers and orders follow what was accepted before"
    return next((why for pattern, why in MEANT_OFTEN.items() if re.search(pattern, label)), None)


def main():
    mark = f"diff-{uuid.uuid4().hex[:8]}"
    theirs, ours = Server(sys.argv[1]), Server(sys.argv[2])
    rounds = {"story": story, "fields": fields, "search": searches, "places": places}
    chosen = sys.argv[3:] or list(rounds)
    for server in (theirs, ours):
        for name in chosen:
            rounds[name](server, f"{mark}-{name}")
    differ, excused = 0, {}
    for (label, method, path, body, status, content), (_, _, _, _, our_status, our_content) in zip(theirs.seen, ours.seen, strict=True):
        if (status, content) == (our_status, our_content):
            continue
        why = meant(label, status, content, our_content)
        if why:
            excused[why] = excused.get(why, 0) + 1
            continue
        differ += 1
        print(f"DIFFER {label}: {method} {path} {json.dumps(body)[:150]}")
        place, one, other = narrow(content, our_content)
        print(f"   mlflow {status} {place} {json.dumps(one)[:700]}")
        print(f"   ours   {our_status} {place} {json.dumps(other)[:700]}")
    for why, count in sorted(excused.items(), key=lambda pair: -pair[1]):
        print(f"meant {count:4d} {why}")
    print(f"{len(theirs.seen)} requests, {sum(excused.values())} differ as meant, {differ} differ")
    sys.exit(min(differ, 100))


if __name__ == "__main__":
    main()
