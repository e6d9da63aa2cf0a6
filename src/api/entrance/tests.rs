//! What is done on the way in and out.

use super::*;
use serde_json::json;

#[test]
fn f05_the_wish_to_see_personal_data_is_taken_out_of_the_query() {
    for (before, after, wants) in [
        ("/a/1", "/a/1", Some(false)),
        ("/a/1?reveal=true", "/a/1", Some(true)),
        ("/a/1?x=1&reveal=true&y=%20", "/a/1?x=1&y=%20", Some(true)),
        ("/a/1?reveal=false", "/a/1", Some(false)),
        ("/a/1?xreveal=true", "/a/1?xreveal=true", Some(false)),
        ("/a/1?reveal=1", "/a/1?reveal=1", None),
        ("/a/1?reveal=true&reveal=true", "/a/1?reveal=true&reveal=true", None),
    ] {
        let mut uri: Uri = before.parse().unwrap();
        assert_eq!(take_reveal(&mut uri).ok(), wants, "{before}");
        assert_eq!(uri.to_string(), after, "{before}");
    }
}

#[test]
fn e01_a_subject_is_what_stands_in_the_path() {
    assert_eq!(subject("/a/{id}/retry", "/a/msg%20x/retry"), "msg x");
    assert_eq!(subject("/a/{id}/keys/{key}", "/a/default/keys/key_1"), "default key_1");
    let timer = "/api/v1/timers/reservation:R-1:reminder.24h:1769018400000/fire";
    assert_eq!(subject("/api/v1/timers/{id}/fire", timer), "reservation:R-1:reminder.24h");
    assert_eq!(subject("/a/retry", "/a/retry"), "");
}

#[tokio::test]
async fn e01_a_stream_is_masked_line_by_line_however_it_is_cut() {
    let data = json!({"name": "Ana", "wa_number": "+34600000012"});
    let text = format!("id: 1f.2.19ac\nevent: event\ndata: {data}\n\n: still here\nid: 1f\n\n");
    for size in [1, 7, 1_000] {
        let chunks: Vec<Result<Bytes, std::convert::Infallible>> =
            text.as_bytes().chunks(size).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
        let same = |id: &str| id.to_owned();
        let mask = move |data: &[u8]| {
            let masks = Masks { names_people: true, hides_words: false, alias: &same };
            let data = serde_json::from_slice(data).unwrap();
            masking::masked(data, masks).to_string().into_bytes()
        };
        let body = masked_lines(Body::from_stream(futures_util::stream::iter(chunks)), mask);
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let hidden = json!({"name": "A•••", "wa_number": "+34•••••12"});
        let wanted = text.replace(&data.to_string(), &hidden.to_string());
        assert_eq!(String::from_utf8_lossy(&bytes), wanted, "{size}");
    }
}
