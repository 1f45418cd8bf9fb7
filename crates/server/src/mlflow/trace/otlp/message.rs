//! The part of OpenTelemetry's protobuf messages that carries spans, by their field numbers in `trace.proto`, and how
//! MLflow writes them as JSON.
//!
//! A mirror for `prost`, so that no compiler for protobuf is needed; unknown fields are skipped.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use prost::{Message, Oneof};
use serde_json::{Map, Value, json};

use crate::mlflow::wire::write_double;

#[derive(Clone, PartialEq, Message)]
pub(super) struct ExportRequest {
    #[prost(message, repeated, tag = "1")]
    pub resource_spans: Vec<ResourceSpans>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ResourceSpans {
    #[prost(message, repeated, tag = "2")]
    pub scope_spans: Vec<ScopeSpans>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ScopeSpans {
    #[prost(message, repeated, tag = "2")]
    pub spans: Vec<SpanMessage>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct SpanMessage {
    #[prost(bytes = "vec", tag = "1")]
    pub trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub span_id: Vec<u8>,
    #[prost(string, tag = "3")]
    pub trace_state: String,
    #[prost(bytes = "vec", tag = "4")]
    pub parent_span_id: Vec<u8>,
    #[prost(string, tag = "5")]
    pub name: String,
    #[prost(int32, tag = "6")]
    pub kind: i32,
    #[prost(fixed64, tag = "7")]
    pub start_time_unix_nano: u64,
    #[prost(fixed64, tag = "8")]
    pub end_time_unix_nano: u64,
    #[prost(message, repeated, tag = "9")]
    pub attributes: Vec<KeyValue>,
    #[prost(message, repeated, tag = "11")]
    pub events: Vec<Event>,
    #[prost(message, repeated, tag = "13")]
    pub links: Vec<Link>,
    #[prost(message, optional, tag = "15")]
    pub status: Option<Status>,
    #[prost(fixed32, tag = "16")]
    pub flags: u32,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Event {
    #[prost(fixed64, tag = "1")]
    pub time_unix_nano: u64,
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(message, repeated, tag = "3")]
    pub attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Link {
    #[prost(bytes = "vec", tag = "1")]
    pub trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub span_id: Vec<u8>,
    #[prost(message, repeated, tag = "4")]
    pub attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Status {
    #[prost(string, tag = "2")]
    pub message: String,
    #[prost(int32, tag = "3")]
    pub code: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct KeyValue {
    #[prost(string, tag = "1")]
    pub key: String,
    #[prost(message, optional, tag = "2")]
    pub value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct AnyValue {
    #[prost(oneof = "Any", tags = "1, 2, 3, 4, 5, 6, 7")]
    pub value: Option<Any>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(super) enum Any {
    #[prost(string, tag = "1")]
    Text(String),
    #[prost(bool, tag = "2")]
    Bool(bool),
    #[prost(int64, tag = "3")]
    Int(i64),
    #[prost(double, tag = "4")]
    Double(f64),
    #[prost(message, tag = "5")]
    List(ListOfValues),
    #[prost(message, tag = "6")]
    Map(MapOfValues),
    #[prost(bytes, tag = "7")]
    Bytes(Vec<u8>),
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ListOfValues {
    #[prost(message, repeated, tag = "1")]
    pub values: Vec<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct MapOfValues {
    #[prost(message, repeated, tag = "1")]
    pub values: Vec<KeyValue>,
}

impl SpanMessage {
    /// An attribute as plain JSON.
    pub fn value(&self, key: &str) -> Option<Value> {
        let found = self.attributes.iter().find(|pair| pair.key == key)?;
        Some(plain(found.value.as_ref()?))
    }

    /// An attribute that is text.
    pub fn text(&self, key: &str) -> Option<String> {
        match self.value(key)? {
            // MLflow's client before 3.10 writes each value as JSON.
            Value::String(text) => Some(serde_json::from_str(&text).unwrap_or(text)),
            _ => None,
        }
    }

    /// As MLflow's server writes it: protobuf's JSON with the names of the fields, and what is empty left out.
    pub fn to_json(&self) -> Value {
        let mut span = Map::new();
        let mut put = |name: &str, value: Value| {
            let absent = matches!(&value, Value::String(text) if text.is_empty())
                || matches!(&value, Value::Array(items) if items.is_empty());
            if !absent {
                span.insert(name.to_owned(), value);
            }
        };
        put("trace_id", bytes(&self.trace_id));
        put("span_id", bytes(&self.span_id));
        put("trace_state", json!(self.trace_state));
        put("parent_span_id", bytes(&self.parent_span_id));
        put("name", json!(self.name));
        put(
            "kind",
            json!(
                KINDS
                    .get(usize::try_from(self.kind).unwrap_or(0))
                    .copied()
                    .unwrap_or_default()
            ),
        );
        put("start_time_unix_nano", json!(self.start_time_unix_nano));
        put("end_time_unix_nano", json!(self.end_time_unix_nano));
        put("attributes", pairs(&self.attributes));
        put("events", self.events.iter().map(Event::to_json).collect());
        put("links", self.links.iter().map(Link::to_json).collect());
        if let Some(status) = &self.status {
            put("status", status.to_json());
        }
        Value::Object(span)
    }
}

const KINDS: [&str; 6] = [
    "",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
];

impl Event {
    fn to_json(&self) -> Value {
        json!({ "time_unix_nano": self.time_unix_nano, "name": self.name, "attributes": pairs(&self.attributes) })
    }
}

impl Link {
    fn to_json(&self) -> Value {
        json!({ "trace_id": bytes(&self.trace_id), "span_id": bytes(&self.span_id), "attributes": pairs(&self.attributes) })
    }
}

impl Status {
    fn to_json(&self) -> Value {
        let code = match self.code {
            1 => "STATUS_CODE_OK",
            2 => "STATUS_CODE_ERROR",
            _ => "STATUS_CODE_UNSET",
        };
        if self.message.is_empty() {
            json!({ "code": code })
        } else {
            json!({ "message": self.message, "code": code })
        }
    }
}

fn bytes(bytes: &[u8]) -> Value {
    Value::String(BASE64_STANDARD.encode(bytes))
}

fn pairs(all: &[KeyValue]) -> Value {
    all.iter()
        .map(|pair| {
            let value = pair.value.as_ref().map_or_else(|| json!({}), tagged);
            json!({ "key": pair.key, "value": value })
        })
        .collect()
}

/// `{"int_value": 1}`
fn tagged(value: &AnyValue) -> Value {
    match &value.value {
        None => json!({}),
        Some(Any::Text(text)) => json!({ "string_value": text }),
        Some(Any::Bool(truth)) => json!({ "bool_value": truth }),
        Some(Any::Int(number)) => json!({ "int_value": number }),
        Some(Any::Double(number)) => json!({ "double_value": double(*number) }),
        Some(Any::List(list)) => {
            json!({ "array_value": { "values": list.values.iter().map(tagged).collect::<Vec<_>>() } })
        }
        Some(Any::Map(map)) => json!({ "kvlist_value": { "values": pairs(&map.values) } }),
        Some(Any::Bytes(raw)) => json!({ "bytes_value": bytes(raw) }),
    }
}

/// JSON has no NaN and no infinities; protobuf writes words for them.
fn double(number: f64) -> Value {
    write_double(&number, serde_json::value::Serializer).unwrap_or_default()
}

fn plain(value: &AnyValue) -> Value {
    match &value.value {
        None => Value::Null,
        Some(Any::Text(text)) => json!(text),
        Some(Any::Bool(truth)) => json!(truth),
        Some(Any::Int(number)) => json!(number),
        Some(Any::Double(number)) => double(*number),
        Some(Any::List(list)) => list.values.iter().map(plain).collect(),
        Some(Any::Map(map)) => map
            .values
            .iter()
            .map(|pair| {
                (
                    pair.key.clone(),
                    pair.value.as_ref().map_or(Value::Null, plain),
                )
            })
            .collect::<Map<_, _>>()
            .into(),
        Some(Any::Bytes(raw)) => bytes(raw),
    }
}
