//! The Helm chart, rendered by Helm's own engine and judged by Kubernetes' own schemas (`tests/chart/render.py`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::program::Home;

fn chart() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/helm/limpid")
}

/// The documents that each of these values becomes.
fn rendered(values: &Value) -> Vec<Vec<Value>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("target/test-tools/chart/bin/python");
    let mut child = Command::new(python)
        .arg(root.join("tests/chart/render.py"))
        .arg(chart())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Helm is missing: ./tests/run installs it");
    serde_json::to_writer(child.stdin.take().expect("a pipe"), values).expect("told");
    let output = child.wait_with_output().expect("its end");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).expect("documents")
}

fn of<'a>(documents: &'a [Value], kind: &str) -> Option<&'a Value> {
    documents.iter().find(|document| document["kind"] == kind)
}

/// What stands under `key` in each element of a list.
fn each(list: &Value, key: &str) -> BTreeSet<String> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(|one| one[key].as_str().map(str::to_owned))
        .collect()
}

/// Everything that refers to something else finds it, whatever the values.
fn holds_together(documents: &[Value]) {
    let deployment = of(documents, "Deployment").expect("a deployment");
    let pod = &deployment["spec"]["template"];
    let container = &pod["spec"]["containers"][0];
    let labels = pod["metadata"]["labels"].as_object().expect("labels");
    let service = of(documents, "Service").expect("a service");
    for selector in [
        &deployment["spec"]["selector"]["matchLabels"],
        &service["spec"]["selector"],
    ] {
        let mut wanted = selector.as_object().expect("labels").iter();
        assert!(
            wanted.all(|(name, value)| labels.get(name) == Some(value)),
            "{selector}"
        );
    }
    let ports = each(&container["ports"], "name");
    for probe in ["readinessProbe", "livenessProbe"] {
        assert!(ports.contains(container[probe]["httpGet"]["port"].as_str().expect("a name")));
    }
    assert_eq!(
        each(&service["spec"]["ports"], "targetPort"),
        ["readers".to_owned()].into(),
        "never the owner's door"
    );
    assert_eq!(
        each(&container["volumeMounts"], "name"),
        each(&pod["spec"]["volumes"], "name")
    );
    let settings = of(documents, "ConfigMap").expect("settings")["data"]["limpid.toml"].as_str();
    let ran = Home::with_settings(settings.expect("a text")).run(&["check"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    // What the image is made for: deploy/image/Dockerfile.
    assert_eq!(pod["spec"]["securityContext"]["runAsUser"], 65532);
    assert_eq!(pod["spec"]["securityContext"]["runAsNonRoot"], true);
    assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
    assert_eq!(
        container["securityContext"]["capabilities"]["drop"],
        json!(["ALL"])
    );
}

#[test]
fn helm_renders_what_kubernetes_takes_and_all_of_it_holds_together() {
    let several = json!({
        "replicas": 2,
        "settings": "[server]\npublic_url = \"https://feeds.example.org\"\n\n[store]\nkind = \"redis\"\nurl = \"redis://valkey:6379/0\"\n",
        "existingSecret": "limpid-keys",
        "persistence": { "enabled": false },
        "ingress": { "enabled": true, "className": "nginx", "host": "f.example", "tlsSecret": "tls" },
        "networkPolicy": { "enabled": true, "allow": [
            { "to": [{ "podSelector": { "matchLabels": { "app": "valkey" } } }], "ports": [{ "port": 6379 }] },
        ] },
        "imagePullSecrets": [{ "name": "registry" }],
        "nodeSelector": { "disk": "ssd" },
        "tolerations": [{ "key": "spot", "operator": "Exists" }],
        "affinity": { "nodeAffinity": {} },
    });
    let values = json!([
        {},
        several,
        { "persistence": { "existingClaim": "mine" } },
        { "persistence": { "storageClass": "fast" }, "owner": { "listen": "0.0.0.0:8081" } },
    ]);
    let all = rendered(&values);
    assert_eq!(all.len(), 4);
    for documents in &all {
        holds_together(documents);
    }
    let deployment = |at: usize| &of(&all[at], "Deployment").expect("a deployment")["spec"];
    let volume = |at: usize, name: &str| {
        let volumes = deployment(at)["template"]["spec"]["volumes"]
            .as_array()
            .expect("volumes")
            .clone();
        volumes
            .into_iter()
            .find(|volume| volume["name"] == name)
            .expect("a volume")
    };

    // One file has one owner: a volume, and never two pods on it.
    assert_eq!(deployment(0)["strategy"]["type"], "Recreate");
    let claim = &of(&all[0], "PersistentVolumeClaim").expect("a claim")["metadata"];
    assert_eq!(
        volume(0, "data")["persistentVolumeClaim"]["claimName"],
        claim["name"]
    );
    assert_eq!(claim["annotations"]["helm.sh/resource-policy"], "keep");
    assert!(of(&all[0], "Ingress").or(of(&all[0], "NetworkPolicy")).is_none());

    assert_eq!(deployment(1)["replicas"], 2);
    assert_eq!(deployment(1)["strategy"]["type"], "RollingUpdate");
    assert_eq!(volume(1, "keys")["secret"]["secretName"], "limpid-keys");
    assert!(of(&all[1], "PersistentVolumeClaim").is_none());
    let ingress = &of(&all[1], "Ingress").expect("an ingress")["spec"];
    assert_eq!(ingress["tls"][0]["hosts"], json!(["f.example"]));
    let backend = &ingress["rules"][0]["http"]["paths"][0]["backend"]["service"];
    assert_eq!(
        backend,
        &json!({ "name": "feeds", "port": { "name": "readers" } })
    );
    let egress = &of(&all[1], "NetworkPolicy").expect("a policy")["spec"]["egress"];
    assert_eq!(egress[2]["ports"][0]["port"], 6379);

    assert_eq!(volume(2, "data")["persistentVolumeClaim"]["claimName"], "mine");
    assert!(of(&all[2], "PersistentVolumeClaim").is_none());
    let claim = &of(&all[3], "PersistentVolumeClaim").expect("a claim")["spec"];
    assert_eq!(claim["storageClassName"], "fast");
}

/// The dotted names of a YAML file's keys, as deep as they are indented.
fn keys(yaml: &str) -> BTreeSet<String> {
    let mut above: Vec<(usize, &str)> = Vec::new();
    let mut all = BTreeSet::new();
    for line in yaml.lines() {
        let indent = line.len() - line.trim_start().len();
        let Some((key, _)) = line.trim_start().split_once(':') else {
            continue;
        };
        if !key.chars().all(|c| c.is_ascii_alphanumeric()) {
            continue;
        }
        above.retain(|(at, _)| *at < indent);
        above.push((indent, key));
        all.insert(above.iter().map(|(_, key)| *key).collect::<Vec<_>>().join("."));
    }
    all
}

#[test]
fn the_chart_names_only_values_that_it_has_and_uses_all() {
    let known = keys(&std::fs::read_to_string(chart().join("values.yaml")).expect("values"));
    let named = regex::Regex::new(r"\.Values\.([A-Za-z.]+)").expect("regex");
    let mut used = BTreeSet::new();
    for entry in std::fs::read_dir(chart().join("templates"))
        .expect("templates")
        .flatten()
    {
        let text = std::fs::read_to_string(entry.path()).expect("a template");
        used.extend(named.captures_iter(&text).map(|found| found[1].to_owned()));
    }
    let missing: Vec<_> = used.iter().filter(|name| !known.contains(*name)).collect();
    assert!(missing.is_empty(), "{missing:?} of {known:?}");
    let idle: Vec<_> = known
        .iter()
        .filter(|name| {
            !used.iter().any(|used| {
                used == *name
                    || used.starts_with(&format!("{name}."))
                    || name.starts_with(&format!("{used}."))
            })
        })
        .collect();
    assert!(idle.is_empty(), "values that no template uses: {idle:?}");
}
