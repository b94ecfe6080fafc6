//! Each document is valid for Railway's own schema, where that is at hand.

use logwatch::source::railway::DOCUMENTS;

/// Names the file of the API's schema, as its introspection gives it.
const SCHEMA: &str = "LOGWATCH_RAILWAY_SCHEMA";

#[test]
fn documents_fit_the_schema_of_the_api() {
    let Some(path) = std::env::var_os(SCHEMA) else {
        eprintln!("NOT CHECKED: {SCHEMA} names no schema of Railway's API, so the documents were not held against it");
        return;
    };
    let schema: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let sdl = definitions(&schema);
    let schema = apollo_compiler::Schema::parse(sdl, "schema.graphql").unwrap_or_else(|errors| errors.partial);
    // A field of the schema itself is deprecated where its interface's is not, which is no fault of the documents.
    let schema = apollo_compiler::validation::Valid::assume_valid(schema);
    for document in DOCUMENTS {
        if let Err(errors) =
            apollo_compiler::ExecutableDocument::parse_and_validate(&schema, document.text, document.name)
        {
            panic!("{}:\n{errors}", document.name);
        }
    }
}

/// An introspection's types in the language of schemas.
fn definitions(introspection: &serde_json::Value) -> String {
    let schema =
        [&introspection["data"]["__schema"], &introspection["__schema"]].into_iter().find(|it| it.is_object()).unwrap();
    let mut text = String::from("schema { query: Query mutation: Mutation subscription: Subscription }\n");
    for kind in schema["types"].as_array().unwrap() {
        let name = kind["name"].as_str().unwrap();
        if name.starts_with("__") || ["String", "Int", "Float", "Boolean", "ID"].contains(&name) {
            continue;
        }
        let list = |member: &str| kind[member].as_array().cloned().unwrap_or_default();
        match kind["kind"].as_str().unwrap() {
            "SCALAR" => text += &format!("scalar {name}\n"),
            "ENUM" => {
                let values: Vec<String> =
                    list("enumValues").iter().map(|value| value["name"].as_str().unwrap().into()).collect();
                text += &format!("enum {name} {{ {} }}\n", values.join(" "));
            }
            "UNION" => {
                let types: Vec<String> = list("possibleTypes").iter().map(named).collect();
                text += &format!("union {name} = {}\n", types.join(" | "));
            }
            "INPUT_OBJECT" => text += &format!("input {name} {{ {} }}\n", fields(&list("inputFields"))),
            "INTERFACE" => text += &format!("interface {name} {{ {} }}\n", fields(&list("fields"))),
            _ => text += &format!("type {name} {{ {} }}\n", fields(&list("fields"))),
        }
    }
    text
}

fn fields(all: &[serde_json::Value]) -> String {
    let field = |field: &serde_json::Value| {
        let arguments = field["args"].as_array().filter(|arguments| !arguments.is_empty());
        let arguments = arguments.map_or(String::new(), |arguments| format!("({})", fields(arguments)));
        format!("{}{arguments}: {}", field["name"].as_str().unwrap(), named(&field["type"]))
    };
    all.iter().map(field).collect::<Vec<_>>().join(" ")
}

fn named(kind: &serde_json::Value) -> String {
    match kind["kind"].as_str().unwrap() {
        "NON_NULL" => format!("{}!", named(&kind["ofType"])),
        "LIST" => format!("[{}]", named(&kind["ofType"])),
        _ => kind["name"].as_str().unwrap().into(),
    }
}
