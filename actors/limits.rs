//! Every bound of the runtime in one place; the unit is in the name.

pub mod access;
pub mod alerts;
pub mod answers;
pub mod attendance;
pub mod commits;
pub mod connections;
pub mod erasing;
pub mod lanes;
pub mod sieve;
pub mod stream;
pub mod why;
pub mod work;

/// Bytes of a segment of the journal.
pub const SEGMENT_BYTES: u64 = 16 << 20;
/// Segments kept ready beside those in use.
pub const SPARE_SEGMENTS_MAX: usize = 3;
/// What the index aims at for its cache.
pub const INDEX_CACHE_BYTES: u64 = 24 << 20;
/// Bytes that may be in the overlay alone; commits wait for the index beyond that.
pub const OVERLAY_BYTES_MAX: usize = 64 << 20;
/// Bytes in the overlay from which the index is written.
pub const INDEX_AFTER_BYTES: usize = 16 << 20;
/// How long something may be in the overlay alone.
pub const INDEX_AFTER_MS: u64 = 2_000;
/// Rows that go into the index before those who wait for room hear of it.
pub const INDEX_ROWS_PER_STEP: usize = 1_000;
/// Bytes of journal after which a snapshot is taken, or half the index where that is more.
pub const SNAPSHOT_AFTER_BYTES: u64 = 128 << 20;
/// How long after the beginning of one snapshot the next may begin.
pub const SNAPSHOT_PAUSE_MS: u64 = 10_000;
/// Rows in one block of a snapshot.
pub const SNAPSHOT_BLOCK_ROWS: usize = 500;
/// Largest block of a snapshot that is read; a damaged length can ask for no more memory than this.
pub const SNAPSHOT_BLOCK_BYTES_MAX: usize = 64 << 20;
/// Rows that a scan reads from each layer at once.
pub const SCAN_PAGE_ROWS: usize = 1_000;
/// Free bytes of the disk below which no new events are taken: what is accepted needs the rest.
pub const DISK_RESERVE_BYTES: u64 = 64 << 20;
/// Free bytes of the disk below which the store is not opened.
pub const DISK_START_BYTES_MIN: u64 = 16 << 20;
/// Largest value handed to the store; longer records are cut into pieces of this size.
pub const VALUE_BYTES_MAX: usize = 4_000;
/// Largest record that is decoded; a damaged length can ask for no more memory than this.
pub const RECORD_BYTES_MAX: usize = 8 << 20;

/// Events that may be under way in the engine at once; more are refused with "try again".
pub const EVENTS_IN_FLIGHT_MAX: usize = 8_192;
/// Events of one tenant that may be under way at once, so that there is always room for others.
pub const EVENTS_IN_FLIGHT_PER_TENANT_MAX: usize = EVENTS_IN_FLIGHT_MAX / 2;
/// Events whose times to store and to trigger are written as one row.
pub const TIMES_PER_PAGE: usize = 64;
/// Such times of all tenants that wait in memory; beyond, they are not kept.
pub const TIMES_HELD_MAX: usize = 100_000;
/// Rows of such times that are looked at in search of one event's.
pub const TIMES_PAGES_LOOKED_AT: usize = 8;
/// How long a submission on which an actor died waits before it is tried again; four times as long after
/// the next death.
pub const DEATH_PAUSE_MS: u64 = 50;
/// How often a submission is tried again that others' deaths took along.
pub const LOST_MAX: u32 = 100;
/// Bytes of the data of an event that stands aside in one row.
pub const INPUT_PIECE_BYTES: usize = 3_900;
/// Events that stand aside which one request may put through again.
pub const REPROCESSED_MAX: usize = 500;
/// Events of one tenant that are handed to the actors at once; further ones wait for these to be durable.
pub const EVENTS_AT_WORK_PER_TENANT_MAX: usize = 512;
/// Events of a batch that are looked at in one go, before others on the same thread have their turn.
pub const EVENTS_PER_SLICE: usize = 16;
/// Bytes that the search index may hold in memory before it writes a segment; the least that it takes.
pub const SEARCH_HEAP_BYTES: usize = 15_000_000;
/// Events on their way to the thread that indexes them.
pub const SEARCH_ENTRIES_AHEAD_MAX: usize = 256;
/// ... and how many of them are sent at once.
pub const SEARCH_ENTRIES_TOGETHER: usize = 64;
/// Bytes of a term of the search index, with its tenant; both sides cut what is longer.
pub const SEARCH_TERM_BYTES_MAX: usize = 120;
/// Events that are read at once for the search index.
pub const SEARCH_PAGE_ROWS: usize = 256;
/// How long events gather before the search index reads them.
pub const SEARCH_PAUSE_MS: u64 = 500;
/// How far the search index may be behind while much comes in; beyond, it takes its share of the processor.
pub const SEARCH_BEHIND_MS_MAX: u64 = 30_000;
/// Events in the search index from which a commit comes soon; each costs several syncs.
pub const SEARCH_COMMIT_EVENTS_MIN: usize = 500;
/// Events in the search index from which a commit comes at once.
pub const SEARCH_COMMIT_EVENTS_MAX: usize = 50_000;
/// How long many events wait for a commit of the search index.
pub const SEARCH_COMMIT_MS_MIN: u64 = 2_000;
/// How long few events wait for a commit of the search index; until then they are looked at one by one.
pub const SEARCH_COMMIT_MS_MAX: u64 = 10_000;
/// Events that became durable out of order and are listed; beyond, they are read again.
pub const NEWS_LATE_MAX: usize = 4_096;
/// Removed events that wait to be removed from the search index too.
pub const NEWS_FORGOTTEN_MAX: usize = 100_000;
/// Spans that wait for their exporter; more are dropped.
pub const SPANS_WAITING_MAX: usize = 8_192;
/// Events in one request.
pub const EVENTS_PER_REQUEST_MAX: usize = 1_000;
/// Bytes of one event's body as it is delivered.
pub const EVENT_BYTES_MAX: usize = 256 << 10;

/// Rows that go to the mirror in one transaction.
pub const MIRROR_ROWS_MAX: usize = 500;
/// Bytes of rows from which a transaction of the mirror takes no further ones.
pub const MIRROR_BYTES_MAX: usize = 4 << 20;
/// Events of one tenant that are read for the mirror at once.
pub const MIRROR_READ_MAX: usize = 50;
/// How long the mirror waits for more before it writes what is little.
pub const MIRROR_PAUSE_MS: u64 = 100;
/// How long the mirror waits after its first failure; then twice as long each time.
pub const MIRROR_BACKOFF_MS: u64 = 250;
/// How long the mirror waits at most.
pub const MIRROR_BACKOFF_MS_MAX: u64 = 30_000;
/// How long the mirror's database may take to let us in.
pub const MIRROR_CONNECT_MS: u64 = 15_000;
/// How long the mirror's database may take for a transaction.
pub const MIRROR_WRITE_MS: u64 = 60_000;
/// Events that wait for the mirror beyond which they are not counted.
pub const MIRROR_LAG_COUNTED_MAX: usize = 10_000;

/// Endpoints of one tenant that are looked at in one go, all at once.
pub const CHECK_ENDPOINTS_MAX: usize = 32;
/// Looks at tenants that go on at once; who asks for more is told to try again.
pub const CHECKS_AT_ONCE_MAX: usize = 8;
/// How long a look at one endpoint, mail server or line may take; a test that is sent to it, as long again.
pub const CHECK_PROBE_MS: u64 = 10_000;
/// How long a receiver that has our certificate has time to refuse it.
pub const CHECK_REFUSAL_MS: u64 = 100;

/// Tenants of one server.
pub const TENANTS_MAX: usize = 10_000;
/// Endpoints of one tenant.
pub const ENDPOINTS_PER_TENANT_MAX: usize = 10_000;
/// Deliveries of one event: one to each endpoint, and a message to the customer.
pub const DELIVERIES_PER_EVENT_MAX: usize = ENDPOINTS_PER_TENANT_MAX + 1;
/// Bookings of one customer that are looked at to understand an answer.
pub const BOOKINGS_PER_CUSTOMER_MAX: usize = 200;

/// An entity or endpoint that was not spoken to for so long is passivated.
pub const IDLE_MS: u64 = 2_000;
/// How often a tenant with live children looks for idle ones.
pub const SWEEP_MS: u64 = 500;
/// Entities of one tenant that may be alive before the idle ones are passivated at once.
pub const ENTITIES_ALIVE_MAX: usize = 8_192;

/// Timers nearer than this are kept in memory.
pub const TIMER_WINDOW_MS: u64 = 60_000;
/// Timers kept in memory; where more are due inside the window, the window shrinks.
pub const TIMERS_IN_MEMORY_MAX: usize = 100_000;
/// Wakes under way at once, so that a backlog after downtime is released in waves.
pub const WAKES_IN_FLIGHT_MAX: usize = 4_096;
/// So many deaths on the same wake and it is quarantined.
pub const DEATHS_MAX: u32 = 3;
/// How long a wake whose actor died waits before it is tried again.
pub const WAKE_AGAIN_MS: u64 = 250;

/// Endpoints of an event up to which each gets a row in its queue with the event itself; for more, the
/// event is handed on one by one, and only what does not succeed at once becomes a row.
pub const QUEUED_AT_ONCE_MAX: usize = 16;
/// Deliveries of a tenant's events for many endpoints under way at once.
pub const FAN_OUT_IN_FLIGHT_MAX: usize = 256;
/// Events of a tenant that are handed to many endpoints at once; further ones wait as rows.
pub const FAN_OUTS_MAX: usize = 64;
/// Deliveries of such an event after which it is written down how far it came.
pub const FAN_OUT_STEP: u32 = 500;
/// An attempt on behalf of such an event that takes longer goes on in its endpoint's queue.
pub const FAN_OUT_PATIENCE_MS: u64 = 1_000;
/// Attempts of all endpoints under way at once.
pub const ATTEMPTS_MAX: usize = 1_024;
/// Attempts of one delivery that its record names; further back the log alone tells of them.
pub const HISTORY_LINES_MAX: usize = 100;
/// Events that are looked at to find the one of a delivery: those recorded at the same time.
pub const EVENTS_BESIDE_MAX: usize = 256;
/// Dead letters that are counted before people are told that there are many.
pub const DEAD_LETTERS_COUNTED_MAX: usize = 1_000;
/// Rows that are counted for a summary or a dry run; beyond, the answer says that there are more.
pub const COUNTED_ROWS_MAX: usize = 1_000_000;
/// Deliveries of one endpoint that may wait for others of their type; beyond that they go out earlier.
pub const COLLECTING_MAX: usize = 2_000;
/// Rows of a queue that are looked at together in search of those.
pub const COLLECT_PAGE_ROWS: usize = 256;
/// Jobs of one tenant that are kept, ended or not.
pub const JOBS_MAX: usize = 100;
/// Deliveries that a job looks at in one step.
pub const JOB_STEP_ROWS: usize = 256;
/// How long a job that ended is kept (row E08).
pub const JOB_KEPT_MS: u64 = 24 * 3_600_000;
/// How long a call from the edge to an actor may take.
pub const CALL_TIMEOUT_MS: u64 = 10_000;
/// Endpoints named in one page of the log of filtered events.
pub const FILTERED_PER_PAGE_MAX: usize = 400;
/// Characters of a payload that are shown in the log.
pub const PAYLOAD_CHARS_MAX: usize = 2_000;
/// Characters of the name of who takes a handoff; that of a key may have as many.
pub const CLAIMANT_CHARS_MAX: usize = 100;
/// Rows in one page of a list.
pub const PAGE_ROWS_MAX: usize = 500;
/// Deliveries that wait, and timers, that are counted for one reading of the metrics.
pub const WAITING_COUNTED_MAX: usize = 20_000;
/// Queues whose head is looked at for one reading of the metrics.
pub const QUEUES_LOOKED_AT: usize = 2_000;
/// Rows of what was counted that wait for the slots of a tenant to be written.
pub const TALLY_ROWS_MAX: usize = 256;
/// How old the slots of a tenant are on disk before what is counted next writes them anew.
pub const TALLY_MS_MAX: u64 = 10_000;
/// Tenants whose counts are in memory at once, but for those that were not quiet for long enough to go.
pub const TALLIED_TENANTS_MAX: usize = 500;
/// How long nothing was counted of a tenant whose counts leave memory.
pub const TALLIED_QUIET_MS: u64 = 60_000;
/// Rows that one request may look at in search of those that its filter wants.
pub const SCAN_ROWS_MAX: usize = 20_000;

/// Rows that are cleaned away in one commit, so that clearing a million never stalls the rest.
pub const CLEANED_PER_STEP_MAX: usize = 200;
/// How often at most people's histories are gone through for what is too old.
pub const HISTORY_ROUND_MS: u64 = 24 * 3_600_000;

/// How long a webhook may take from connect to answer (row A15).
pub const WEBHOOK_TIMEOUT_MS: u64 = 10_000;
/// How long Slack may take (row A15).
pub const SLACK_TIMEOUT_MS: u64 = 10_000;
/// How long Meta's Graph API may take.
pub const WHATSAPP_TIMEOUT_MS: u64 = 10_000;
/// How long a whole mail may take, from connect to the answer after its last line (row A14).
pub const EMAIL_TIMEOUT_MS: u64 = 15_000;
/// How much of an answer is read.
pub const REPLY_BYTES_MAX: usize = 16 * 1024;
/// How much of an answer is repeated in an error.
pub const SNIPPET_CHARS_MAX: usize = 200;
/// How long a channel waits when the account itself is refused (a wrong password, an expired token,
/// a number on hold): someone must act first, so a quick repeat only adds to the count of failures.
pub const ACCOUNT_PAUSE_MINUTES: u64 = 15;
/// How long a mail server may take over its goodbye, once it has the mail.
pub const QUIT_TIMEOUT_MS: u64 = 1_000;

/// Lines of facts in a message to people; Slack takes no more fields in one section.
pub const FACTS_MAX: usize = 10;
/// Characters of one fact's value; ten of them stay below Slack's total of about 13,000 even if
/// each must be escaped to five.
pub const FACT_CHARS_MAX: usize = 200;
/// Characters of one fact's label.
pub const LABEL_CHARS_MAX: usize = 40;
/// Characters of a title; also Slack's limit for a header block.
pub const TITLE_CHARS_MAX: usize = 150;

/// Characters of a WhatsApp text.
pub const WHATSAPP_TEXT_CHARS_MAX: usize = 4_096;
/// Characters of a WhatsApp text that has buttons under it.
pub const WHATSAPP_INTERACTIVE_CHARS_MAX: usize = 1_024;
/// Buttons under a WhatsApp message.
pub const WHATSAPP_BUTTONS_MAX: usize = 3;
/// Characters on a WhatsApp button.
pub const WHATSAPP_BUTTON_CHARS_MAX: usize = 20;
/// Characters of a parameter of a WhatsApp template; ours are a name, a time and a number.
pub const WHATSAPP_PARAMETER_CHARS_MAX: usize = 200;

/// The fewest characters of a secret that a user chooses (row A13).
pub const SECRET_CHARS_MIN: usize = 32;
/// The most characters of a secret that a user chooses.
pub const SECRET_CHARS_MAX: usize = 1_024;
/// The fewest bytes behind `whsec_` (Standard Webhooks 1.0.0).
pub const SECRET_KEY_BYTES_MIN: usize = 24;
/// The most bytes behind `whsec_` (Standard Webhooks 1.0.0).
pub const SECRET_KEY_BYTES_MAX: usize = 64;

/// How long an old secret still signs after a rotation, unless its caller says otherwise (row A19).
pub const SECRET_OVERLAP_MS: u64 = 24 * 3_600_000;
/// How long an old secret may still sign at most.
pub const SECRET_OVERLAP_MS_MAX: u64 = 7 * SECRET_OVERLAP_MS;
/// Old secrets of one endpoint that still sign beside the present one.
pub const SECRETS_PREVIOUS_MAX: usize = 3;
/// Endpoints whose secrets' alarms are moved in one commit.
pub const SECRET_ALARMS_PER_STEP: usize = 200;
/// Tokens that are kept for endpoints with OAuth 2.0.
pub const TOKENS_MAX: usize = 1_024;
/// Bytes of one such token.
pub const TOKEN_BYTES_MAX: usize = 8_192;
/// How long a token is good for whose server does not say.
pub const TOKEN_LIFE_MS: u64 = 300_000;
/// How long any token is kept at most.
pub const TOKEN_LIFE_MS_MAX: u64 = 24 * 3_600_000;
/// How long before its end a token is no longer used, or a tenth of its life where that is less.
pub const TOKEN_MARGIN_MS: u64 = 30_000;
/// HTTP clients that are kept for endpoints with certificates of their own.
pub const TLS_CLIENTS_MAX: usize = 128;
/// Bytes of a certificate or key, as PEM.
pub const PEM_BYTES_MAX: usize = 16 << 10;

/// Connections to mail servers in all, in use or waiting for their next mail: one for each attempt that may be
/// under way, since it is there that tenants take turns.
pub const MAIL_CONNECTIONS_MAX: usize = ATTEMPTS_MAX;
/// Connections of one mail account, in use or waiting.
pub const MAIL_CONNECTIONS_PER_ACCOUNT_MAX: usize = 8;
/// How long a connection to a mail server waits for its next mail.
pub const MAIL_CONNECTION_IDLE_MS: u64 = 10_000;
/// Mails over one connection; some servers close it after a hundred.
pub const MAILS_PER_CONNECTION_MAX: u32 = 100;
/// How much a mail server may say before we speak again, certificates included.
pub const MAIL_ANSWER_BYTES_MAX: usize = 256 << 10;
/// How long a mail waits whose server wants to see it again later (greylisting).
pub const GREYLIST_PAUSE_MINUTES: u64 = 5;
/// Bytes of the address at which a reader unsubscribes, which is one line of a header.
pub const UNSUBSCRIBE_BYTES_MAX: usize = 900;

/// Slack webhooks, WhatsApp numbers and customers whose pace is kept; beyond that the other side has to say
/// when it is too much.
pub const PACES_MAX: usize = 100_000;
/// Addresses and senders of inbound webhooks whose requests are counted one by one; more share one count.
pub const THROTTLES_MAX: usize = 20_000;
/// Sources that are tried for a request whose address does not say which is meant: each is one more digest
/// of its body.
pub const SOURCES_TRIED_MAX: usize = 16;
/// Lanes in which letters that must not be taken twice are kept one after the other.
pub const ARRIVAL_LANES: usize = 1_024;
/// Bytes of a provider's id of a message; Meta's have about sixty.
pub const PROVIDER_ID_BYTES_MAX: usize = 256;

/// Rows of an endpoint's queue that are read at once.
pub const QUEUE_READ_AHEAD: usize = 128;

/// Steps that the rendering of one part of a template may take.
pub const TEMPLATE_STEPS_MAX: u64 = 10_000;
/// Bytes that one part of a template may write.
pub const TEMPLATE_OUTPUT_BYTES_MAX: usize = 64 << 10;
/// Bytes of an event's data that a template can see; times the steps, that bounds its work.
pub const TEMPLATE_DATA_BYTES_MAX: usize = 32 << 10;
/// Steps that all templates of a source's map may take together.
pub const MAP_STEPS_MAX: u64 = 10_000;
/// Steps that one of them may take, however many there are.
pub const MAP_STEPS_MIN: u64 = 50;
/// Characters of one section of a Slack message.
pub const SLACK_SECTION_CHARS_MAX: usize = 3_000;
/// Violations of a schema that are named in one refusal.
pub const VIOLATIONS_NAMED_MAX: usize = 10;
/// Subschemas of a schema once its references are followed; more are not compiled.
pub const SUBSCHEMAS_MAX: usize = 2_000;
/// Bytes of a compiled pattern of a schema.
pub const PATTERN_BYTES_MAX: usize = 1 << 20;

/// Attempts of one message after which a provider's word that only a template would do changes nothing more.
pub const TEMPLATE_ATTEMPTS_MAX: u32 = 10;
/// Names, marks and words of one `{{ }}` or `{% %}` of a template; each may be a level of the reader's stack.
pub const TEMPLATE_TAG_TOKENS_MAX: usize = 100;
/// Blocks of one part of a template (`if`, `elif`, `for` and so on); each may stand inside the one before.
pub const TEMPLATE_BLOCKS_MAX: usize = 100;
/// Patterns of a schema once its references are followed; an event may be held against each.
pub const PATTERNS_MAX: usize = 50;
/// Characters of one pattern.
pub const PATTERN_CHARS_MAX: usize = 200;
/// How often a part of a pattern may be counted to repeat.
pub const PATTERN_REPEATS_MAX: usize = 100;
/// The same of a part that repeats inside others, all counts multiplied.
pub const PATTERN_NESTED_REPEATS_MAX: usize = 1_000;
/// Characters of what was said that a line of a person's history keeps.
pub const HISTORY_TEXT_CHARS_MAX: usize = 250;
/// People of a product who are looked at in one step of a wave.
pub const WAVE_STEP_ROWS_MAX: usize = 200;
/// People and conversations of a tenant that are remembered in memory: more than may be under way at once, so
/// that whoever is not remembered is on disk.
pub const PEOPLE_REMEMBERED_MAX: usize = 4 * EVENTS_IN_FLIGHT_MAX;
/// Lines of a lead that are looked at in search of a conversation on the line that goes on.
pub const LINES_SEARCHED_MAX: usize = 50;
/// Steps from a lead to the one that it turned out to be, where that one turned out to be another, and so on.
pub const MERGES_FOLLOWED_MAX: usize = 50;

/// Bytes of a refused letter's body that are kept.
pub const REFUSED_BODY_BYTES_MAX: usize = 4 << 10;
/// Refused letters of a tenant that are kept at once; the others are counted.
pub const REFUSED_AT_ONCE_MAX: u32 = 100;
/// How long until one more is kept: with the bytes above, a stranger fills 6 MB of disk in a day.
pub const REFUSED_AGAIN_MS: u64 = 60_000;
/// How often at most the count of the others is written down.
pub const REFUSED_COUNT_MS: u64 = 1_000;
/// How long one line of the log goes on counting them.
pub const REFUSED_LINE_MS: u64 = 600_000;
/// Bytes of a letter's headers that are kept.
pub const LETTER_HEADERS_BYTES_MAX: usize = 1_500;
/// Bytes of the ids of events that a letter's record names.
pub const LETTER_EVENT_BYTES_MAX: usize = 1_000;
/// Bytes of an error or note about a letter.
pub const LETTER_TEXT_BYTES_MAX: usize = 400;
/// Letters that are opened together.
pub const LETTERS_PER_WINDOW_MAX: usize = 64;
/// Bytes of letters after which no further one is opened with them.
pub const LETTER_WINDOW_BYTES_MAX: u64 = 4 << 20;
/// Parts of letters that are under way in their tenant at once.
pub const MEANINGS_IN_FLIGHT_MAX: usize = 256;
/// How long a letter that failed waits before each further try; after the last it is set aside.
pub const LETTER_RETRIES_MS: [u64; 3] = [1_000, 5_000, 30_000];
