//! The OpenAPI document as the server serves it: which operations there are, and whether an answer is one
//! that the document promises.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Map, Value};

use crate::harness::{Answer, TestApp};

#[derive(Debug, Clone)]
pub struct Document(Value);

#[derive(Debug, Clone)]
pub struct Operation {
    pub id: String,
    pub method: Method,
    pub path: String,
    /// `x-writ-access`: what it asks of its caller.
    pub access: String,
    /// `security`: what its caller must have there.
    pub scope: String,
    description: Value,
}

impl Document {
    pub async fn of(app: &TestApp) -> Self {
        let answer = app
            .admin()
            .wire()
            .get(&app.admin().url("/admin/v1/openapi.json"))
            .await;
        Self(answer.expect_status(200).json())
    }

    /// Every operation, in an order in which all of them can be called on the same objects: to read, to
    /// create, to change, to delete; what is inside of something before the thing itself.
    pub fn operations(&self) -> Vec<Operation> {
        let paths = self.0["paths"].as_object().unwrap();
        let mut operations: Vec<Operation> = paths
            .iter()
            .flat_map(|(path, item)| {
                item.as_object().unwrap().iter().map(|(method, operation)| {
                    Operation::read(path, method, self.spelt_out(operation))
                })
            })
            .collect();
        operations.sort_by_key(Operation::rank);
        assert!(operations.len() > 30, "the operations were not found");
        operations
    }

    /// An operation with the parameters, answers and headers that it only names.
    fn spelt_out(&self, operation: &Value) -> Value {
        let mut operation = operation.clone();
        for parameter in operation["parameters"].as_array_mut().into_iter().flatten() {
            *parameter = self.resolve(parameter).clone();
        }
        let responses = operation["responses"].as_object_mut().unwrap();
        for response in responses.values_mut() {
            *response = self.resolve(response).clone();
            let headers = response.get_mut("headers").and_then(Value::as_object_mut);
            for header in headers.into_iter().flat_map(|all| all.values_mut()) {
                *header = self.resolve(header).clone();
            }
        }
        operation
    }

    pub fn operation(&self, id: &str) -> Operation {
        let mut operations = self.operations().into_iter();
        operations
            .find(|operation| operation.id == id)
            .unwrap_or_else(|| panic!("no operation {id}"))
    }

    /// The members that the body of an operation may have, with their schemas.
    pub fn body_members(&self, operation: &Operation) -> BTreeMap<String, Value> {
        let schema = &operation.description["requestBody"]["content"]["application/json"]["schema"];
        let (properties, _) = self.members_of(schema);
        properties.into_iter().collect()
    }

    /// The example of the body, where it is made of one schema.
    pub fn example_of_body(&self, operation: &Operation) -> Option<Value> {
        let schema = &operation.description["requestBody"]["content"]["application/json"]["schema"];
        let example = &self.resolve(schema)["example"];
        Some(example.clone()).filter(|example| !example.is_null())
    }

    /// Examples of the components that are not of the type that they stand at.
    pub fn faults_of_examples(&self) -> Vec<String> {
        let schemas = self.0["components"]["schemas"].as_object().unwrap();
        let mut faults = Vec::new();
        for (name, schema) in schemas {
            self.find_faults_of_examples(schema, name, &mut faults);
        }
        faults
    }

    fn find_faults_of_examples(&self, schema: &Value, at: &str, faults: &mut Vec<String>) {
        if let Some(example) = schema.get("example").filter(|example| !example.is_null()) {
            faults.extend(self.faults(schema, example, at));
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            self.find_faults_of_examples(property, &format!("{at}.{name}"), faults);
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.find_faults_of_examples(part, at, faults);
        }
    }

    /// Status listed for the operation, media type and members as documented.
    #[track_caller]
    pub fn check(&self, operation: &Operation, answer: &Answer) {
        let faults = self.faults_of_answer(operation, answer);
        assert!(
            faults.is_empty(),
            "{}: {faults:?} in {answer:?}",
            operation.id
        );
    }

    pub fn faults_of_answer(&self, operation: &Operation, answer: &Answer) -> Vec<String> {
        let status = answer.status.as_u16().to_string();
        let documented = &operation.description["responses"][&status];
        if documented.is_null() {
            return vec![format!("{status} is not documented")];
        }
        let Some(content) = documented["content"].as_object() else {
            let is_empty = answer.body.is_empty();
            return if is_empty {
                Vec::new()
            } else {
                vec!["a body where none is documented".to_owned()]
            };
        };
        let media_type = answer
            .header("content-type")
            .split(';')
            .next()
            .unwrap_or_default();
        match content.get(media_type) {
            // Text to the document: one object a line.
            Some(_) if media_type == "application/jsonl" => {
                let is_object = |line: &str| {
                    serde_json::from_str::<Value>(line).is_ok_and(|value| value.is_object())
                };
                let mut lines = answer.body.lines();
                let faults = lines.find(|line| !is_object(line));
                faults.map(str::to_owned).into_iter().collect()
            }
            Some(described) => self.faults(&described["schema"], &answer.json(), ""),
            None => vec![format!("{media_type} is not documented for {status}")],
        }
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(reference) => {
                self.resolve(self.0.pointer(reference.trim_start_matches('#')).unwrap())
            }
            None => schema,
        }
    }

    /// Members and required members, those of `allOf` together.
    fn members_of(&self, schema: &Value) -> (Map<String, Value>, Vec<String>) {
        let schema = self.resolve(schema);
        let mut properties = schema["properties"]
            .as_object()
            .cloned()
            .unwrap_or_default();
        let mut required: Vec<String> = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|name| name.as_str().unwrap().to_owned())
            .collect();
        for part in schema["allOf"].as_array().into_iter().flatten() {
            let (more, more_required) = self.members_of(part);
            properties.extend(more);
            required.extend(more_required);
        }
        (properties, required)
    }

    fn faults(&self, schema: &Value, value: &Value, at: &str) -> Vec<String> {
        let schema = self.resolve(schema);
        if let Some(variants) = schema["oneOf"].as_array() {
            let is_one = variants
                .iter()
                .any(|variant| self.faults(variant, value, at).is_empty());
            return if is_one {
                Vec::new()
            } else {
                vec![format!("{at}: none of the variants")]
            };
        }
        if !is_of_type(&schema["type"], value) {
            return vec![format!("{at}: {value} is not of type {}", schema["type"])];
        }
        if let Some(allowed) = schema["enum"]
            .as_array()
            .filter(|allowed| !allowed.contains(value))
        {
            return vec![format!("{at}: {value} is none of {allowed:?}")];
        }
        match value {
            Value::Array(items) => {
                let each = items.iter().enumerate();
                each.flat_map(|(index, item)| {
                    self.faults(&schema["items"], item, &format!("{at}[{index}]"))
                })
                .collect()
            }
            Value::Object(members) => self.faults_of_members(schema, members, at),
            _ => Vec::new(),
        }
    }

    fn faults_of_members(
        &self,
        schema: &Value,
        members: &Map<String, Value>,
        at: &str,
    ) -> Vec<String> {
        let (properties, required) = self.members_of(schema);
        // `type: object` and nothing more: whatever is in it.
        if properties.is_empty() {
            return Vec::new();
        }
        let missing = required.iter().filter(|name| !members.contains_key(*name));
        let mut faults: Vec<String> = missing
            .map(|name| format!("{at}.{name} is missing"))
            .collect();
        for (name, value) in members {
            match properties.get(name) {
                Some(property) => {
                    faults.extend(self.faults(property, value, &format!("{at}.{name}")));
                }
                None => faults.push(format!("{at}.{name} is not documented")),
            }
        }
        faults
    }
}

fn is_of_type(expected: &Value, value: &Value) -> bool {
    let is_one = |name: &str| match name {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    };
    match expected {
        Value::String(name) => is_one(name),
        Value::Array(names) => names.iter().any(|name| is_one(name.as_str().unwrap())),
        _ => true,
    }
}

impl Operation {
    fn read(path: &str, method: &str, description: Value) -> Self {
        Self {
            id: description["operationId"].as_str().unwrap().to_owned(),
            method: Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(),
            path: path.to_owned(),
            access: description["x-writ-access"]
                .as_str()
                .unwrap_or("undocumented")
                .to_owned(),
            scope: description["security"][0]["admin_key"][0]
                .as_str()
                .unwrap_or("undocumented")
                .to_owned(),
            description,
        }
    }

    fn rank(&self) -> (u8, bool, i64) {
        let methods = [Method::GET, Method::POST, Method::PATCH, Method::DELETE];
        let method = methods
            .iter()
            .position(|method| *method == self.method)
            .unwrap();
        let depth = i64::try_from(self.path.split('/').count()).unwrap();
        // A grant goes with its client and its user, so it is revoked before they are deleted.
        (
            u8::try_from(method).unwrap(),
            !self.path.contains("/grants/"),
            -depth,
        )
    }

    pub fn is_for_platform_keys(&self) -> bool {
        matches!(self.access.as_str(), "platform-read" | "platform-write")
    }

    pub fn is_in_tenant(&self) -> bool {
        self.path.contains("{tenant}")
    }

    /// By what it asks of its caller: a question may come as a POST.
    pub fn is_write(&self) -> bool {
        self.access.ends_with("write")
    }

    pub fn has_body(&self) -> bool {
        self.description["requestBody"].is_object()
    }

    pub fn takes_query(&self, name: &str) -> bool {
        let parameters = self.description["parameters"]
            .as_array()
            .into_iter()
            .flatten();
        parameters
            .into_iter()
            .any(|parameter| parameter["in"] == "query" && parameter["name"] == name)
    }

    /// The names of its parameters in the query.
    pub fn query_parameters(&self) -> Vec<String> {
        let parameters = self.description["parameters"].as_array();
        let in_query = parameters
            .into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == "query");
        in_query
            .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Whether an answer to it has this header when it did what was asked.
    pub fn sends(&self, header: &str) -> bool {
        let responses = self.description["responses"].as_object().unwrap();
        let mut good = responses
            .iter()
            .filter(|(status, _)| status.starts_with('2'));
        good.any(|(_, response)| response["headers"][header].is_object())
    }

    /// The statuses that the document lists for it.
    pub fn statuses(&self) -> BTreeSet<String> {
        let responses = self.description["responses"].as_object().unwrap();
        responses.keys().cloned().collect()
    }

    /// Whether it is about something inside of something: `{id}/secrets/{secret_id}`.
    pub fn has_two_ids(&self) -> bool {
        self.path
            .split_once("{id}")
            .is_some_and(|(_, rest)| rest.contains('{'))
    }

    /// The kind of object that `{id}` names: `users`, `clients`, …
    pub fn kind(&self) -> Option<&str> {
        let (before, _) = self.path.split_once("/{id}")?;
        before.rsplit('/').next()
    }
}
