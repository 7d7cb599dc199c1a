"""Renders the chart as Helm does: its own engine, without a cluster.

Reads a list of values from stdin and writes what each of them becomes: a list of lists of documents, each of them
judged by Kubernetes' own schemas, the oldest that the chart allows and the newest, with nothing unknown in it.
"""

import json
import sys

import helm_python
import kubernetes_validate
import yaml

VERSIONS = ["1.27", kubernetes_validate.latest_version()]
WARNING = 2


def rendered(path, values):
    report = helm_python.lint(path, values, strict=True)
    wrong = [said for said in report["messages"] if said["severity"] >= WARNING]
    if wrong or report["errors"]:
        sys.exit(f"lint: {wrong} {report['errors']}")
    with helm_python.Chart.load(path) as chart:
        manifests = chart.render(values, name="feeds", namespace="web")
    documents = []
    for name, text in sorted(manifests.items()):
        if name.endswith(".txt"):
            continue
        for document in yaml.safe_load_all(text):
            if document is None:
                continue
            for version in VERSIONS:
                try:
                    kubernetes_validate.validate(document, version, strict=True)
                except kubernetes_validate.ValidationError as error:
                    sys.exit(f"{name}, Kubernetes {version}: {error.message} at {list(error.path)}")
            documents.append(document)
    return documents


json.dump([rendered(sys.argv[1], values) for values in json.load(sys.stdin)], sys.stdout)
