"""Filters, orders and pages of every list."""


def searches(server, mark):
    call = server.call
    experiment = server.known(call("s experiment", "POST", "experiments/create", {"name": mark, "tags": [{"key": "team", "value": "ops"}, {"key": "a b", "value": "it's"}]}), "experiment_id")
    second = server.known(call("s experiment 2", "POST", "experiments/create", {"name": mark + "-Second"}), "experiment_id")
    for number in range(6):
        run = call("s run", "POST", "runs/create", {"experiment_id": experiment, "start_time": 100 + number, "run_name": f"Run_{number}", "user_id": "ann", "tags": [{"key": "t", "value": f"v{number % 3}"}, {"key": "a.b c", "value": "x"}]})["run"]["info"]["run_id"]
        call("s batch", "POST", "runs/log-batch", {"run_id": run, "metrics": [{"key": "m", "value": [1, 2, "NaN", "Infinity", -1.5, 3][number], "timestamp": 1, "step": 0}, {"key": "a/b c", "value": number, "timestamp": 1, "step": 0}], "params": [{"key": "p", "value": f"A%b_{number}"}] + ([{"key": "only", "value": "it's"}] if number == 2 else [])})
        if number % 2 == 0:
            call("s inputs", "POST", "runs/log-inputs", {"run_id": run, "datasets": [{"dataset": {"name": f"d{number}", "digest": f"g{number}", "source_type": "local", "source": "{}"}, "tags": [{"key": "mlflow.data.context", "value": "train"}]}]})
        if number > 3:
            call("s update", "POST", "runs/update", {"run_id": run, "status": "FINISHED", "end_time": 200 + number})
        logged = call("s logged", "POST", "logged-models", {"experiment_id": experiment, "name": f"lm{number}", "model_type": "T", "source_run_id": run, "params": [{"key": "lp", "value": str(number)}], "tags": [{"key": "lt", "value": "x"}]})["model"]["info"]["model_id"]
        call("s logged metric", "POST", "runs/log-metric", {"run_id": run, "key": "acc", "value": number / 10, "timestamp": 1, "model_id": logged, "dataset_name": "d", "dataset_digest": "g"})
        if number < 3:
            model = f"{mark}-{number}"
            call("s model", "POST", "registered-models/create", {"name": model, "tags": [{"key": "k", "value": f"v{number}"}], "description": "d"})
            for more in range(2):
                call("s version", "POST", "model-versions/create", {"name": model, "source": f"models:/{logged}", "model_id": logged, "run_id": run, "tags": [{"key": "vk", "value": f"w{more}"}]})
    runs = [
        "metrics.m = 1", "metrics.m != 1", "metrics.m >= 2", "metrics.m < 0", "metrics.`a/b c` > 3", 'metrics."a/b c" > 3', "metric.m > 1 and metrics.m < 3", "metrics.m > 1 AND params.p LIKE 'A%'",
        "params.p LIKE 'a%'", "params.p ILIKE 'a%'", "params.p LIKE '%_b%'", "params.p = 'A%b_1'", 'params.p = "A%b_1"', "params.p != 'A%b_1'", "params.only = \"it's\"", "params.only = 'it''s'", "params.only IS NULL", "params.only IS NOT NULL", "params.only is null",
        "params.p IN ('A%b_1', 'A%b_2')", "tags.t = 'v1'", "tags.t IN ('v1')", "tags.`a.b c` = 'x'", "tags.\"a.b c\" = 'x'", "tags.zz IS NULL", "tags.t IS NOT NULL and tags.t != 'v0'", "tag.t LIKE 'v%'", "tags.t like 'V%'", "tags.t ilike 'V%'",
        "attributes.status = 'FINISHED'", "status = 'RUNNING'", "status != 'RUNNING'", "attr.status LIKE 'FIN%'", "status = 'zz'", "run_name = 'Run_1'", "attributes.`run_name` = 'Run_1'", "run_name ILIKE 'run_%'", "`run name` = 'Run_1'", "attributes.\"run name\" = 'Run_1'", "tags.mlflow.runName = 'Run_1'", "tags.`mlflow.runName` = 'Run_1'",
        "user_id = 'ann'", "attributes.user_id = 'ann'", "start_time > 102", "attributes.start_time <= 102", "attributes.end_time > 0", "start_time = 'x'", "start_time LIKE '1'", "artifact_uri LIKE '%art%'", "run_id = 'x'", "attributes.run_id IN ('x', 'y')", "run_id IN ()", "run_id NOT IN ('x')", "attributes.run_id LIKE '%'", "created = '1'", "Created > 0", "start_time IN (1)",
        "datasets.name = 'd2'", "dataset.digest = 'g2'", "datasets.context = 'train'", "dataset.name LIKE 'd%'", "dataset.name ILIKE 'D%'", "dataset.zz = '1'", "dataset.name IN ('d0', 'd2')", "datasets.name = 1", "datasets.name > 'a'", "datasets.name = 'd2' AND datasets.digest = 'g4'",
        "metrics.m = '1'", "metrics.m LIKE '1'", "metrics.m IN (1)", "params.p = 5", "params.p > 'a'", "tags.t < 'v'", "metrics.m", "metrics.m >", "> 1", "=", "and", "metrics.m > 1 and", "metrics.m > 1,", "metrics.m > 1; drop table runs", "metrics.m > 1 -- x", "(metrics.m > 1)", "metrics.m > 1 or metrics.m < 0", "not metrics.m > 1", "metrics.m > 1e0", "metrics.m > -2", "metrics.m > +1", "metrics.m > .5", "metrics.m > 0x10", "metrics.m > NaN", "metrics.m > inf", "metrics.m == 1", "metrics.m <> 1", "metrics. m > 1", "metrics.m.x > 1", "params.'p' = 'a'", "params.`p = 'a'", "params.p = 'a", "params.p = a", "params.p = `a`", "model.p = 'a'", "metrics.m > 1 params.p = 'a'", "  metrics.m   >   1  ", "METRICS.m > 1", "metrics.M > 1", "status = FINISHED", "attributes.status > 'A'", "status IN ('RUNNING', 'FINISHED')", "tags.t = ''", "params.p = ''", "x" * 40, "metrics.m > 1\nand\nmetrics.m < 3", "é = 'x'", "tags.é IS NULL", "params.p between 'a' and 'b'", "lower(params.p) = 'a'", "1 = 1", "'a' = 'a'", "start_time > 100 and start_time < 104 and metrics.m > 0 and params.p LIKE 'A%' and tags.t = 'v1'",
    ]
    for text in runs:
        call(f"runs {text}", "POST", "runs/search", {"experiment_ids": [experiment], "filter": text, "order_by": ["start_time"], "max_results": 50}, keep=("run_name", "start_time"))
    orders = [["metrics.m"], ["metrics.m DESC"], ["metrics.`a/b c` desc"], ["params.p DESC"], ["params.only"], ["tags.t", "start_time DESC"], ["tags.t DESC", "metrics.m"], ["attributes.status", "start_time"], ["status DESC", "start_time"], ["run_name"], ["`run name` DESC"], ["end_time", "start_time"], ["start_time asc"], ["START_TIME"], ["Created DESC"], ["created"], ["artifact_uri"], ["run_id", "zz"], ["metrics"], ["metrics."], [""], [" "], ["dataset.name"], ["metrics.m, params.p"], ["metrics.m foo"], ["start_time desc desc"], ["-start_time"], ["1"], ["metrics.m nulls last"], ["model.x"], ["start_time", "start_time"], ["attribute.start_time", "start_time DESC"]]
    for order in orders:
        call(f"runs order {order}", "POST", "runs/search", {"experiment_ids": [experiment], "order_by": order}, keep=("run_name", "start_time"))
    call("runs two experiments", "POST", "runs/search", {"experiment_ids": [experiment, second], "max_results": 2})
    call("runs no experiment", "POST", "runs/search", {"experiment_ids": []})
    call("runs unknown experiment", "POST", "runs/search", {"experiment_ids": ["99999"]})
    call("runs odd experiment", "POST", "runs/search", {"experiment_ids": ["abc"]})
    for view in ["ACTIVE_ONLY", "DELETED_ONLY", "ALL", "zz", 1, 2, 3, 4, "1", None]:
        call(f"runs view {view!r}", "POST", "runs/search", {"experiment_ids": [experiment], "run_view_type": view, "order_by": ["start_time"]})
        call(f"experiments view {view!r}", "POST", "experiments/search", {"filter": f"name = '{mark}'", "max_results": 5, "view_type": view})
    for token in ["x", "eyJ9", "after-1", "1", "-1"]:
        call(f"runs token {token}", "POST", "runs/search", {"experiment_ids": [experiment], "page_token": token})
    for size in [0, 1, -1, 50000, 50001]:
        call(f"runs size {size}", "POST", "runs/search", {"experiment_ids": [experiment], "max_results": size, "order_by": ["start_time"]})
        call(f"experiments size {size}", "POST", "experiments/search", {"filter": f"name = '{mark}'", "max_results": size})
        call(f"models size {size}", "GET", "registered-models/search", {"filter": f"name = '{mark}-0'", "max_results": size})
        call(f"versions size {size}", "GET", "model-versions/search", {"filter": f"name = '{mark}-0'", "max_results": size, "order_by": ["version_number"]})
        call(f"logged size {size}", "POST", "logged-models/search", {"experiment_ids": [experiment], "max_results": size, "order_by": [{"field_name": "name", "ascending": True}]})
    for size in [1001, 200001]:
        call(f"models size {size}", "GET", "registered-models/search", {"max_results": size})
        call(f"versions size {size}", "GET", "model-versions/search", {"max_results": size})
    for text in ["name = '%s'", "name LIKE '%s%%'", "name ILIKE '%s-sec%%'", "name != '%s' and name LIKE '%s%%'", "tags.team = 'ops' and name = '%s'", "tags.`a b` = \"it's\" and name = '%s'", "tag.team LIKE 'o%%' and name = '%s'", "tags.team != 'x' and name = '%s'", "tags.zz IS NULL and name = '%s'", "attribute.name = '%s'", "attributes.name = '%s'", "creation_time > 0 and name = '%s'", "last_update_time > 0 and name = '%s'", "creation_time = '5'", "name = 5", "name > 'a'", "name IN ('%s')", "name like '%s'", "zz = 'a'", "params.a = 'b'", "experiment_id = '0'", "name", "name = '%s' or name = 'b'", "lifecycle_stage = 'active'", "creation_time LIKE 'a'"]:
        call(f"experiments {text}", "POST", "experiments/search", {"filter": text.replace("%%", "%").replace("%s", mark), "max_results": 5, "order_by": ["name"]})
    for order in [["name"], ["name DESC"], ["experiment_id"], ["experiment_id DESC"], ["creation_time", "name"], ["last_update_time DESC", "name"], ["zz"], ["name foo"], [""], ["tags.a"], ["attribute.name"], ["name", "name DESC"], ["NAME"]]:
        call(f"experiments order {order}", "POST", "experiments/search", {"filter": f"name LIKE '{mark}%'", "max_results": 5, "order_by": order})
    for text in ["name = '%s-0'", "name LIKE '%s%%'", "name ILIKE '%s%%'", "name != '%s-0' and name LIKE '%s%%'", "name IN ('a')", "tags.k = 'v1' and name LIKE '%s%%'", "tag.k LIKE 'v%%' and name LIKE '%s%%'", "tags.k != 'v1' and name LIKE '%s%%'", "tags.`k` = 'v1' and name LIKE '%s%%'", "tags.zz IS NULL", "attribute.name = '%s-0'", "name = 5", "name > 'a'", "description = 'd'", "zz = '1'", "params.a = '1'", "name", "a b c", "name='%s-0'", "name = \"%s-0\"", "name = '%s-0' OR name = 'x'", "version_number = 1", "run_id = 'x'", "name = '%s-0' AND tags.k = 'v0' AND name LIKE '%%'", "creation_timestamp > 0", "name LIKE 5"]:
        filled = text.replace("%%", "%").replace("%s", mark)
        call(f"models {text}", "GET", "registered-models/search", {"filter": filled, "max_results": 10})
        call(f"versions {text}", "GET", "model-versions/search", {"filter": filled, "max_results": 10, "order_by": ["name", "version_number"]})
    for text in ["version_number > 1 and name LIKE '%s%%'", "version_number = '1'", "version_number != 1 and name LIKE '%s%%'", "version_number LIKE 1", "source_path = 'x'", "source_path LIKE '%%zz%%'", "source_path IN ('a')", "run_id IN ('a', 'b')", "run_id IN ('a',)", "run_id IN (1)", "run_id IN ()", "run_id = 5", "run_id != 'x'", "run_id LIKE 'x'", "tags.vk = 'w1' and name LIKE '%s%%'", "tags.vk IN ('w1')", "name IN ('%s-0', '%s-1')", "current_stage = 'None'"]:
        call(f"versions {text}", "GET", "model-versions/search", {"filter": text.replace("%%", "%").replace("%s", mark), "max_results": 10, "order_by": ["name", "version_number"]})
    for order in [["name"], ["name DESC"], ["last_updated_timestamp", "name"], ["timestamp DESC", "name"], ["creation_timestamp", "name"], ["zz"], ["name foo"], [""], ["name", "name"], ["version_number DESC", "name"], ["tags.k"], ["description"], ["name ASC extra"]]:
        call(f"models order {order}", "GET", "registered-models/search", {"filter": f"name LIKE '{mark}%'", "order_by": order})
        call(f"versions order {order}", "GET", "model-versions/search", {"filter": f"name LIKE '{mark}%'", "order_by": order})
    for token in ["x", "eyJ9"]:
        call(f"models token {token}", "GET", "registered-models/search", {"page_token": token})
        call(f"versions token {token}", "GET", "model-versions/search", {"page_token": token})
        call(f"experiments token {token}", "POST", "experiments/search", {"max_results": 5, "page_token": token})
        call(f"logged token {token}", "POST", "logged-models/search", {"experiment_ids": [experiment], "page_token": token})
    for text in ["name = 'lm1'", "name LIKE 'lm%'", "name ILIKE 'LM%'", "name != 'lm1'", "name IN ('lm1', 'lm2')", "model_type = 'T'", "attributes.name = 'lm1'", "params.lp = '1'", "params.lp != '1'", "params.lp LIKE '1%'", "tags.lt = 'x'", "metrics.acc > 0.2", "metrics.acc = 0.1", "metrics.acc != 0.1", "metrics.acc > 'x'", "metrics.acc LIKE 'x'", "creation_timestamp > 0", "creation_time > 0", "last_updated_timestamp > 0", "source_run_id = 'x'", "model_id = 'x'", "model_id IN ('x')", "status = 'READY'", "status = 'LOGGED_MODEL_PENDING'", "zz = '1'", "zz.a = '1'", "name", "name = 5", "name = 'lm1' and metrics.acc < 1", "name = 'lm1' or name = 'lm2'", "params.lp IS NULL", "name > 'a'", "experiment_id = '1'"]:
        call(f"logged {text}", "POST", "logged-models/search", {"experiment_ids": [experiment], "filter": text, "order_by": [{"field_name": "name", "ascending": True}]}, keep=("name",))
    for order in [{"field_name": "name"}, {"field_name": "name", "ascending": True}, {"field_name": "metrics.acc", "ascending": True}, {"field_name": "metrics.acc", "dataset_name": "d"}, {"field_name": "metrics.acc", "dataset_name": "d", "dataset_digest": "g", "ascending": False}, {"field_name": "metrics.acc", "dataset_digest": "g"}, {"field_name": "zz"}, {"field_name": "params.lp"}, {"ascending": True}, {"field_name": "creation_time", "ascending": True}, {"field_name": "creation_timestamp", "ascending": True}, {"field_name": "model_type"}, {"field_name": "metrics.none"}, "name", {"field_name": "name", "zz": 1}, {"field_name": 5}]:
        call(f"logged order {order}", "POST", "logged-models/search", {"experiment_ids": [experiment], "order_by": [order]}, keep=("name",))
    for datasets in [[{"dataset_name": "d"}], [{"dataset_name": "d", "dataset_digest": "g"}], [{"dataset_name": "q"}], [{"dataset_digest": "g"}], [{}], ["d"]]:
        call(f"logged datasets {datasets}", "POST", "logged-models/search", {"experiment_ids": [experiment], "filter": "metrics.acc > 0.2", "datasets": datasets, "order_by": [{"field_name": "name", "ascending": True}]}, keep=("name",))
    call("logged no experiment", "POST", "logged-models/search", {"experiment_ids": []})
    call("datasets", "POST", "experiments/search-datasets", {"experiment_ids": [experiment]})
    call("datasets none", "POST", "experiments/search-datasets", {"experiment_ids": []})
    call("datasets many", "POST", "experiments/search-datasets", {"experiment_ids": ["1"] * 21})
    call("datasets absent", "POST", "experiments/search-datasets", {})
