//! The rows of a list as the text of its answer, which is counted while it grows: a page ends at a number of
//! rows or of bytes, whichever comes first.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use sereno_actors::limits;

/// The rows of one page.
pub(super) struct Rows {
    text: String,
    count: usize,
    limit: usize,
}

impl Rows {
    /// None yet, and at most so many.
    pub(super) fn new(limit: usize) -> Self {
        Self { text: String::new(), count: 0, limit }
    }

    /// Adds a row.
    pub(super) fn push(&mut self, row: &Value) {
        if self.count > 0 {
            self.text.push(',');
        }
        self.text.push_str(&row.to_string());
        self.count += 1;
    }

    /// Whether no further row belongs on the page; then the list goes on from the last one.
    pub(super) fn is_full(&self) -> bool {
        self.count >= self.limit || self.text.len() >= limits::answers::PAGE_BYTES_MAX
    }

    /// The answer, with where the list goes on.
    pub(super) fn answer(self, next_cursor: Option<String>) -> Response {
        self.answer_with("", next_cursor)
    }

    /// The same with more members, each with a comma before it.
    fn answer_with(mut self, more: &str, next_cursor: Option<String>) -> Response {
        self.text.insert_str(0, r#"{"items":["#);
        let next_cursor = json!(next_cursor);
        self.text.push_str(&format!(r#"],"next_cursor":{next_cursor},"ok":true{more}}}"#));
        let mut response = Body::from(self.text).into_response();
        let kind = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }

    /// The answer of a list that was put in order for it, from all there are or from as many as may be.
    pub(super) fn answer_sorted(self, is_whole: bool, next_cursor: Option<String>) -> Response {
        self.answer_with(&format!(r#","complete":{is_whole}"#), next_cursor)
    }

    /// The answer of a list that says up to when its index knows all.
    pub(super) fn answer_indexed(
        self,
        indexed_to: Option<String>,
        next_cursor: Option<String>,
    ) -> Response {
        let more = format!(r#","indexed_to":{}"#, json!(indexed_to));
        self.answer_with(&more, next_cursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn b10_a_page_ends_at_its_rows_or_at_its_bytes() {
        let mut rows = Rows::new(2);
        rows.push(&json!({"a": "\"x"}));
        assert!(!rows.is_full());
        rows.push(&json!(null));
        assert!(rows.is_full());
        let answer = rows.answer(Some("c".to_owned())).into_body();
        let bytes = axum::body::to_bytes(answer, usize::MAX).await.unwrap();
        let read: Value = serde_json::from_slice(&bytes).unwrap();
        let items = json!([{"a": "\"x"}, null]);
        assert_eq!(read, json!({"ok": true, "items": items, "next_cursor": "c"}));

        let mut rows = Rows::new(500);
        let long = json!("x".repeat(limits::answers::PAGE_BYTES_MAX / 3));
        for is_full in [false, false, true] {
            rows.push(&long);
            assert_eq!(rows.is_full(), is_full);
        }
    }
}
