//! Products as files: at the command line and over HTTP; and what was asked for and is not there.

use std::{fs, path::Path, process::Output};

use reqwest::Method;
use serde_json::{Value, json};

use crate::girasol::{girasol, header, ingest, key, problem, served_to_an_admin};

const RING: &str = r##"
schema = "girasol.product/1"
id = "ring/solitaire"
label = "The Solitaire"

[[options]]
name = "metal"
choices = [{ value = "platinum", label = "Platinum 950", swatch = "#D5D5DA" }, { value = "rose-gold" }]

[[options]]
name = "stone"
choices = [{ value = "diamond" }, { value = "ruby", swatch = "/swatches/ruby.webp" }]

[[hotspots]]
name = "stone"
label = "Half a carat"
points = [{ degree = 330, x = 0.5, y = 0.25 }, { degree = 390, x = 0.5, y = 0.25 }]
"##;

fn product(data: &Path, arguments: &[&str]) -> Output {
    girasol().arg("product").args(arguments).arg("--data").arg(data).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_product_is_checked_imported_and_exported() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = folder.path().join("ring.toml");
    let file = file.to_str().unwrap();
    fs::write(file, RING.replace("\"rose-gold\"", "\"Rose Gold\"").replace("#D5D5DA", "grey")).unwrap();
    let output = product(&data, &["check", file]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(
        said.contains("options[0].choices[0].swatch: ") && said.contains("options[0].choices[1].value: ")
    );
    assert!(!data.exists(), "a check needs no data folder");
    fs::write(file, "id = ").unwrap();
    let output = product(&data, &["import", file, "--json"]);
    let error: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &error["error"]["slug"]), (Some(1), &json!("bad-product")));

    fs::write(file, RING).unwrap();
    assert!(text(&product(&data, &["import", file, "--dry-run"]).stdout).contains("would be created"));
    assert!(text(&product(&data, &["list"]).stdout).contains("no product yet"));
    assert!(text(&product(&data, &["import", file]).stdout).contains("ring.solitaire: created."));
    assert!(text(&product(&data, &["import", file]).stdout).contains("unchanged"));
    // What was exported says the same.
    for (flag, name) in [(None, "again.toml"), (Some("--json"), "again.json")] {
        let export = girasol()
            .args(["product", "export", "ring.solitaire"])
            .args(flag)
            .arg("--data")
            .arg(&data)
            .output()
            .unwrap();
        let again = folder.path().join(name);
        fs::write(&again, &export.stdout).unwrap();
        assert!(
            text(&product(&data, &["import", again.to_str().unwrap()]).stdout).contains("unchanged"),
            "{name}"
        );
    }
    assert_eq!(product(&data, &["remove", "ring/solitaire"]).status.code(), Some(0));
    assert_eq!(product(&data, &["export", "ring/solitaire"]).status.code(), Some(1));
}

#[tokio::test]
async fn an_import_is_what_visitors_see_and_never_breaks_an_id() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let (server, admin) = served_to_an_admin(data);
    let address = "/api/products/ring.solitaire";
    let send = async |method: Method, body: Option<&Value>| {
        let request = server.request(method, address).header("authorization", &admin);
        body.into_iter().fold(request, reqwest::RequestBuilder::json).send().await.unwrap()
    };
    let mut file: Value = send(Method::GET, None).await.json().await.unwrap();
    file["label"] = "The Solitaire".into();
    file["options"][0]["choices"][0]["swatch"] = "/swatches/platinum.webp".into();
    file["options"][0]["choices"].as_array_mut().unwrap().push(json!({ "value": "rose-gold" }));
    file["hotspots"] = json!([{ "name": "stone", "label": "Half a carat", "points": [{ "degree": 0, "x": 0.5, "y": 0.2 }] }]);
    let changed = send(Method::PUT, Some(&file)).await;
    assert_eq!(changed.status(), 200);
    let changed: Value = changed.json().await.unwrap();
    assert_eq!(changed["added"], json!(["metal.rose-gold"]));
    assert_eq!(changed["changed"], json!(["label", "hotspots", "metal.platinum"]));

    let shown = "/api/products/customizable/ring/solitaire";
    // The server itself looks each second.
    let mut product = server.json(shown).await;
    while product["label"] != "The Solitaire" {
        product = server.json(shown).await;
    }
    assert_eq!(product["options"][0]["choices"][0]["swatch"], "/swatches/platinum.webp");
    assert_eq!(product["hotspots"], file["hotspots"]);

    let mut wrong = file.clone();
    wrong["options"][0]["choices"].as_array_mut().unwrap().remove(0);
    wrong["options"][0]["default"] = "rose-gold".into();
    assert_eq!(problem(send(Method::PUT, Some(&wrong)).await, 409).await, "product-in-use");
    assert_eq!(problem(send(Method::DELETE, None).await, 409).await, "product-in-use");
    wrong["options"][1]["name"] = "style".into();
    let refused: Value = send(Method::PUT, Some(&wrong)).await.json().await.unwrap();
    assert_eq!(refused["faults"][0]["at"], "options[1].name");
    wrong = file.clone();
    wrong["id"] = "ring.other".into();
    assert_eq!(problem(send(Method::PUT, Some(&wrong)).await, 422).await, "bad-field");
    let artist = format!("Bearer {}", key(data, "artist"));
    let request = server.request(Method::PUT, address).header("authorization", artist).json(&file);
    assert_eq!(problem(request.send().await.unwrap(), 403).await, "insufficient-role");

    // What is asked for and not there is counted, and listed for artists.
    let configure = "/api/products/customizable/ring.solitaire/configure";
    for _ in 0..3 {
        server.post(configure, r#"{"choices": {"metal": "rose-gold"}}"#).await;
    }
    // It is written every few seconds.
    let demand = async || -> Value {
        let listed = server.get("/api/demand", &[("authorization", &admin)]).await;
        listed.json().await.unwrap()
    };
    let mut wanted = demand().await;
    while wanted["wanted"][0]["asked"] != 3 {
        wanted = demand().await;
    }
    let wanted = &wanted["wanted"];
    assert_eq!(wanted[0]["configuration"], "ring.solitaire.metal-rose-gold.stone-diamond");
    assert_eq!((wanted.as_array().unwrap().len(), &wanted[0]["asked"]), (1, &json!(3)));
    let table = server.get("/api/demand?format=csv", &[("authorization", &admin)]).await;
    assert_eq!(header(table.headers(), "content-disposition"), "attachment; filename=\"demand.csv\"");
    let table = table.text().await.unwrap();
    assert!(
        table
            .lines()
            .nth(1)
            .unwrap()
            .starts_with("ring.solitaire.metal-rose-gold.stone-diamond,ring.solitaire,")
    );
}

#[test]
fn an_unknown_id_names_the_ids_that_would_do() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let file = data.join("ring.toml");
    fs::write(&file, RING).unwrap();
    let said = |arguments: &[&str]| {
        let output = girasol().args(arguments).arg("--data").arg(data).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
        text(&output.stderr)
    };
    assert!(said(&["product", "export", "ring/solitaire"]).contains("girasol product import"));
    assert_eq!(product(data, &["import", file.to_str().unwrap()]).status.code(), Some(0));
    let near = said(&["product", "export", "ring/solitair"]);
    assert!(near.contains("Did you mean ring.solitaire?"), "{near}");
    let far = said(&["publish", "bracelet.tennis.metal-gold", "1"]);
    assert!(far.contains("The products: ring.solitaire."), "{far}");

    ingest(data, "platinum", [220, 220, 225], 6);
    let version = said(&["publish", "ring.solitaire.metal-platinum.stone-diamond", "9"]);
    assert!(version.contains("has no version 9") && version.contains("the newest first: "), "{version}");
    let metal = said(&["protect", "ring.solitaire.metal-platinm.stone-diamond"]);
    assert!(metal.contains("Did you mean ring.solitaire.metal-platinum.stone-diamond?"), "{metal}");
}
