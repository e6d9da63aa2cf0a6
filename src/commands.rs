//! The admin API from a shell: one file a noun, tables for people, the API's own answers for scripts.
//!
//! ```text
//!  flags --> noun --> Session: which server, which key --> API --> table, or its answer as it is
//!                                                           '----> one plain sentence, and what to do
//! ```
//! They know nothing that the API does not say, so any server will do, wherever it is.

pub mod dead_letters;
pub mod deliveries;
pub mod endpoints;
mod failure;
mod fields;
mod filter;
mod jobs;
mod listing;
mod output;
mod session;
mod table;
pub mod tenants;
pub mod timers;
mod words;

pub use self::dead_letters::DeadLettersArgs;
pub use self::deliveries::DeliveriesArgs;
pub use self::endpoints::EndpointsArgs;
pub use self::failure::exit;
pub use self::tenants::TenantsArgs;
pub use self::timers::TimersArgs;

/// What every command's help ends with.
const ENDING: &str = "\
The server is --server, SERENO_URL, SERENO_PUBLIC_URL, SERENO_LISTEN, the one that runs on the data directory, or
http://127.0.0.1:8080. The key is --key, SERENO_API_KEY, SERENO_KEY or SERENO_ADMIN_TOKEN, or stands in DATA/credentials.

Exit code: 0 when it is done, 1 when the server refused or a job failed, 2 when it could not ask.";
