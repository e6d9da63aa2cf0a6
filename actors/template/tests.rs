//! Templates that are well, and those that mean harm.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sereno_workflows::policy::Settings;

use super::*;

fn policy(templates: Value) -> Policy {
    let settings = json!({"timezone": "Europe/Madrid", "locale": "es", "templates": templates});
    Policy::new(Settings::from_json(settings).unwrap(), &[])
}

fn slack(source: &str) -> Value {
    json!({"a.b": {"slack": {"es": {"text": source}}}})
}

fn telling(body: &[u8], channel: Channel) -> Telling<'_> {
    let now = Timestamp::from_rfc3339("2026-11-19T12:00:00Z").unwrap();
    let audience = Audience::Staff;
    Telling { event_type: "a.b", body, audience, channel, locale: None, now }
}

fn rendered(templates: Value, data: &Value, channel: Channel) -> Result<Words, String> {
    let policy = policy(templates);
    let body = json!({"data": data, "event_id": "e1", "event_type": "a.b"}).to_string();
    let compiled = Compiled::stored(&policy.settings.templates);
    compiled.words(&policy, telling(body.as_bytes(), channel)).unwrap()
}

fn text(source: &str, data: &Value) -> Result<String, String> {
    rendered(slack(source), data, Channel::Slack).map(|words| words.text)
}

#[test]
fn f08_times_and_numbers_are_written_in_the_tenants_zone_and_language() {
    let data = json!({"at": "2026-11-20T19:00:00Z", "wall": "2026-11-20T20:00:00", "total": 1234567.5,
        "whole": 1234, "text": "12.50", "none": null, "word": "soon", "list": ["a", "b"]});
    for (source, expected) in [
        ("{{ at|datetime }}", "viernes 20 de noviembre, 20:00"),
        ("{{ wall|datetime }}", "viernes 20 de noviembre, 20:00"),
        ("{{ at|date }} {{ at|time }}", "viernes 20 de noviembre 20:00"),
        ("{{ at|day }}", "mañana"),
        ("{{ total|number }} {{ total|number(2) }}", "1.234.567,5 1.234.567,50"),
        ("{{ whole|money('EUR') }}", "1.234,00\u{a0}EUR"),
        ("{{ text|money }}", "12,50"),
        ("{{ word|datetime }} {{ word|money }}", "soon soon"),
        ("[{{ none|date }}{{ gone|number }}{{ a.b.c|upper }}{{ gone|join }}]", "[]"),
        ("{{ list|join(', ')|upper }} {{ list|length }} {{ list|first }}", "A, B 2 a"),
        ("{{ data.word|default('x') }} {{ gone|default('x') }}", "soon x"),
        ("{% for x in list %}\n{{ loop.index }}{{ x }}\n{% endfor %}", "1a\n2b"),
        ("{% if word in ['soon', 'now'] and whole > 2 %}yes{% else %}no{% endif %}", "yes"),
        ("{% set w = word %}{% with v = w %}{{ v }}{% endwith %}", "soon"),
        ("{{ title }} {{ event_type }} {{ event_id }} {{ locale }}", "a.b a.b e1 es"),
        ("{% if gone is defined %}x{% else %}y{% endif %}", "y"),
        ("{{ list }} {{ word[0:2] }}", "[\"a\",\"b\"] so"),
    ] {
        assert_eq!(text(source, &data).as_deref(), Ok(expected), "{source}");
    }
}

#[test]
fn f08_what_the_event_says_is_escaped_and_what_the_tenant_writes_is_not() {
    let data = json!({"name": "<b>&\"A'\r\nBcc: x"});
    let mail = json!({"a.b": {"email": {"es": {
        "subject": "Para {{ name }}", "text": "{{ name }}", "html": "<p>{{ name }} {{ data }}</p>"}}}});
    let words = rendered(mail, &data, Channel::Email).unwrap();
    assert_eq!(words.text, "<b>&\"A'\r\nBcc: x");
    let html = words.html.unwrap();
    assert!(html.starts_with("<p>&lt;b&gt;&amp;&quot;A&#39;"), "{html}");
    assert!(!html.contains("<b>"), "{html}");
    assert_eq!(
        text("<!here> {{ name }}", &data).as_deref(),
        Ok("<!here> &lt;b&gt;&amp;\"A'\r\nBcc: x")
    );
}

#[test]
fn f08_a_template_that_is_none_is_refused_with_its_place_and_line() {
    for (source, said) in [
        ("a\n{{ name", "line 2"),
        ("{% if x %}", "line 1"),
        ("{{ name|shout }}", "no filter shout"),
        ("{{ name is odd }}", "no test odd"),
        ("\n\n{{ name ~ name }}", "line 3"),
        ("{{ a + b }}", "not offered"),
        ("{{ 'x' * 9 }}", "not offered"),
        ("{{ range(9) }}", "no functions"),
        ("{{ name.upper() }}", "no functions"),
        ("{% set x %}y{% endset %}", "set block"),
        ("{% filter upper %}y{% endfilter %}", "filter block"),
        ("{% autoescape false %}y{% endautoescape %}", "autoescape"),
        ("{% for x in y recursive %}{% endfor %}", "recursive"),
        ("{% for x in [y, y] %}{% endfor %}", "texts and numbers alone"),
        ("{{ {'a': 1} }}", "object"),
        ("{{ x|default(y ~ y) }}", "not offered"),
        ("{{ x if (y * 2) else z }}", "not offered"),
        ("{% include 'x' %}", "line 1"),
        ("{% macro x() %}{% endmacro %}", "line 1"),
        ("{{ name|safe }}", "no filter safe"),
    ] {
        let error = Compiled::new(&policy(slack(source)).settings.templates).unwrap_err();
        assert_eq!(error.field, "templates.a.b.slack.es.text");
        assert!(error.problem.contains(said), "{source} -> {error}");
    }
}

#[test]
fn f08_a_template_that_means_harm_ends_soon_and_says_why() {
    let list: Vec<Value> = (0..2_000).map(|n| json!(n)).collect();
    let data = json!({"list": list, "long": "x".repeat(200_000)});
    let loops = |depth: usize, inside: &str| {
        let open = (0..depth).map(|n| format!("{{% for v{n} in list %}}")).collect::<String>();
        format!("{open}{inside}{}", "{% endfor %}".repeat(depth))
    };
    let said = "it says nothing";
    for (source, reason) in [
        (loops(3, ""), "steps"),
        (loops(1, "{{ long }}"), "bytes"),
        (loops(2, "{% if data == data and list == list %}{% endif %}"), "steps"),
        (loops(2, "{% set x = long|upper|lower|trim %}"), "steps"),
        ("{{ list|join(list|join(long)) }}".to_owned(), "too long"),
        ("{{ gone }}".to_owned(), said),
    ] {
        let began = Instant::now();
        let error = text(&source, &data).unwrap_err();
        assert!(error.contains(reason), "{source} -> {error}");
        assert!(began.elapsed() < Duration::from_secs(5), "{source}: {:?}", began.elapsed());
    }
    let nested = format!("{}x{}", "{% if 1 %}".repeat(1_500), "{% endif %}".repeat(1_500));
    assert!(language::check(&nested).is_err(), "nested beyond what the parser bears");
}

#[test]
fn f08_what_is_missing_is_named() {
    let source = "{{ name }} {{ data.party_size }} {{ data.table.number }} {{ zone|default('x') }}\
        {% for x in items %}{{ x.y }}{% endfor %}{{ title }}";
    let policy = policy(slack(source));
    let body = json!({"data": {"name": "Ana", "party_size": null}}).to_string();
    let compiled = Compiled::new(&policy.settings.templates).unwrap();
    let missing = compiled.missing(&policy, telling(body.as_bytes(), Channel::Slack));
    assert_eq!(missing, ["data.party_size", "data.table.number", "items", "zone"]);
}

#[test]
fn f08_a_stored_template_that_is_none_any_more_fails_alone() {
    let policy = policy(json!({"a.b": {"slack": {"es": {"text": "{{ range(3) }}"}},
        "email": {"es": {"text": "well"}}}}));
    let compiled = Compiled::stored(&policy.settings.templates);
    assert!(compiled.words(&policy, telling(b"{}", Channel::Slack)).unwrap().is_err());
    assert!(compiled.words(&policy, telling(b"{}", Channel::Email)).unwrap().is_ok());
    assert!(compiled.words(&policy, telling(b"{}", Channel::Whatsapp)).is_none());
}

#[test]
fn f08_no_chain_of_operators_is_deep_enough_to_end_the_process() {
    for (begin, link, end, times) in [
        ("{{ ", "not ", "a }}", 3_900),
        ("{{ ", "-", "1 }}", 16_000),
        ("{{ a", ".b", " }}", 8_000),
        ("{{ a", "[0]", " }}", 5_000),
        ("{{ a", "|trim", " }}", 3_200),
        ("{{ a", "-a", " }}", 8_000),
        ("{{ a", " or a", " }}", 3_200),
        ("{{ a", " is defined", " }}", 1_400),
        ("{{ a", "[a", " }}", 8_000),
        ("{{ ", "\"}}\" ~ ", "a }}", 2_000),
        ("{% if a %}", "{% elif a %}", "{% endif %}", 1_300),
        ("{% if a %}", "{%elif a%}", "", 1_600),
        ("{# #}{% set x = ", "not ", "a %}", 3_000),
    ] {
        let most = 390 / link.len();
        for times in [times, most] {
            let source = format!("{begin}{}{end}", link.repeat(times));
            let checked = language::check(&source);
            assert!(checked.is_err() || times == most, "{link} {times}");
        }
    }
    for fine in ["{{ \"}} {{ ' \" }}", "{# {{ a.b }} #}{{ a.b.c|trim }}", "{ {{ a }} }", "{"] {
        assert_eq!(language::check(fine), Ok(()), "{fine}");
    }
    let error = language::check(&format!("a\n{{{{ a{} }}}}", ".b".repeat(500))).unwrap_err();
    assert!(error.starts_with("line 2: this {{ }}"), "{error}");
}

#[test]
fn f08_a_list_that_is_missing_is_empty_in_every_filter() {
    for source in ["{{ a|length }}", "{{ a|first }}", "{{ a|last }}", "{{ a|join(', ') }}"] {
        let mut environment = minijinja::Environment::new();
        filters::add(&mut environment);
        let rendered = environment.render_str(source, minijinja::context! {});
        assert!(rendered.as_deref().is_ok_and(|text| text.is_empty() || text == "0"), "{source}");
    }
}

/// A template, its repeated part so often.
fn chain(before: &str, part: &str, times: usize, after: &str) -> String {
    format!("{before}{}{after}", part.repeat(times))
}

/// Every way to go one level down the parser's stack.
const CHAINS: [(&str, &str, &str); 15] = [
    ("{{ ", "not ", "a }}"),
    ("{{ ", "-", "1 }}"),
    ("{{ a", ".b", " }}"),
    ("{{ a", "[0]", " }}"),
    ("{{ a", "|trim", " }}"),
    ("{{ a", "-a", " }}"),
    ("{{ a", " or a", " }}"),
    ("{{ a", " and a", " }}"),
    ("{{ a", " < a", " }}"),
    ("{{ a", " is defined", " }}"),
    ("{{ a", "[a", "]"),
    ("{{ ", "(", "a"),
    ("{{ a", " if a else a", " }}"),
    ("{% if a %}", "{% elif a %}", "{% endif %}"),
    ("{% if ", "not ", "a %}{% endif %}"),
];

#[test]
fn f08_a_template_that_would_exhaust_the_stack_is_refused_before_it_is_parsed() {
    for (before, part, after) in CHAINS {
        let times = (16_000 - before.len() - after.len()) / part.len();
        let source = chain(before, part, times, after);
        let settings = policy(slack(&source)).settings;
        let error = Compiled::new(&settings.templates).unwrap_err();
        assert!(error.problem.contains("more than 100"), "{part} -> {error}");
        let stored = Compiled::stored(&settings.templates);
        let policy = policy(slack(&source));
        assert!(stored.words(&policy, telling(b"{}", Channel::Slack)).unwrap().is_err(), "{part}");
        assert!(stored.missing(&policy, telling(b"{}", Channel::Slack)).is_empty());
    }
    for (open, close) in [("{% for a in a %}", "{% endfor %}"), ("{%if a%}", "{%endif%}")] {
        let source = format!("{}{}", open.repeat(500), close.repeat(500));
        assert!(language::check(&source).unwrap_err().contains("more than 100 blocks"));
    }
    for hides in ["{{ '", "{#", "{{ \""] {
        let before = format!("{{% raw %}}{hides}{{% endraw %}}{{{{ ");
        let source = chain(&before, "not ", 3_900, "a }}");
        assert!(language::check(&source).is_err(), "{hides} in a raw block hides nothing");
    }
    let hidden = format!("{{% raw %}}{}{{% endraw %}}{{# {} #}}", CHAINS[0].1, "- ".repeat(999));
    assert_eq!(language::check(&hidden), Ok(()), "what is no tag is not measured");
}

#[test]
fn f08_the_longest_template_that_is_taken_needs_a_small_part_of_a_stack() {
    let run = || {
        let mut taken = 0;
        for (before, part, after) in CHAINS {
            for times in 1..=100 {
                let inner = chain(before, part, times, after);
                let own = if part.contains('%') { times + 1 } else { 1 };
                let deep = 100_usize.saturating_sub(own);
                let (open, close) = ("{% if a %}".repeat(deep), "{% endif %}".repeat(deep));
                let text = text(&format!("{open}{inner}{close}"), &json!({"a": 1}));
                taken += usize::from(text.is_ok());
            }
        }
        taken
    };
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(run).unwrap();
    assert!(thread.join().unwrap() > 100, "many are short enough to be taken");
}
