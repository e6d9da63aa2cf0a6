//! Connections to mail servers that stay open for the next mail of the same account.
//!
//! A connection is lent to one mail at a time and is back only when [`Pool::give_back`] says that its
//! conversation came to a good end. Whoever drops it instead, by an error, a deadline or a cancellation,
//! closes it: a half-used connection would judge the next mail by an answer that was meant for this one.
//!
//! Those in use and those that wait for use count together: at most so many of an account, so many in
//! all. A connection goes back only to the account that opened it, down to the password and to who chose
//! the server, since what the operator may reach a tenant may not.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use lettre::transport::smtp::client::AsyncSmtpConnection;
use parking_lot::Mutex;
use sereno_workflows::line::{Smtp, SmtpSecurity};
use sha2::{Digest, Sha256};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::Server;
use crate::limits::{
    MAIL_CONNECTIONS_MAX, MAIL_CONNECTIONS_PER_ACCOUNT_MAX, MAILS_PER_CONNECTION_MAX,
    QUIT_TIMEOUT_MS,
};

/// All connections to mail servers of one process.
pub(crate) struct Pool {
    /// The room of each account that is in use.
    accounts: Mutex<HashMap<Account, Arc<Semaphore>>>,
    room: Arc<Semaphore>,
    waiting: Arc<Mutex<Waiting>>,
    /// How long one waits for its next mail.
    idle: Duration,
    /// The task that says goodbye to connections that nobody needed any more.
    closing: Mutex<JoinSet<()>>,
}

/// To whom a connection belongs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Account {
    host: String,
    port: u16,
    user: Option<String>,
    password: Option<[u8; 32]>,
    security: SmtpSecurity,
    by_operator: bool,
}

/// The right to have one connection of an account.
pub(super) struct Turn {
    _of_account: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

/// An open connection.
pub(super) struct Line {
    pub(super) connection: AsyncSmtpConnection,
    /// Mails that it carried.
    pub(super) carried: u32,
}

/// Connections that wait for their next mail.
#[derive(Default)]
struct Waiting {
    /// The longest waiting first.
    lines: VecDeque<(Account, Line, Instant)>,
    /// Whether the closing task runs.
    watched: bool,
}

impl Account {
    pub(super) fn of(server: Server<'_>) -> Self {
        let Smtp { host, port, user, password, security, .. } = server.smtp;
        Self {
            host: host.to_ascii_lowercase(),
            port: *port,
            user: user.clone(),
            password: password.as_ref().map(|word| Sha256::digest(word.as_bytes()).into()),
            security: *security,
            by_operator: server.by_operator,
        }
    }
}

impl Pool {
    pub(crate) fn new(idle: Duration) -> Self {
        Self {
            accounts: Mutex::default(),
            room: Arc::new(Semaphore::new(MAIL_CONNECTIONS_MAX)),
            waiting: Arc::default(),
            idle,
            closing: Mutex::default(),
        }
    }

    /// Waits for room for one more connection of this account.
    pub(super) async fn turn(&self, account: &Account) -> Result<Turn, AcquireError> {
        let own = self.account(account).acquire_owned().await?;
        let of_all = Arc::clone(&self.room).acquire_owned().await?;
        Ok(Turn { _of_account: own, _of_all: of_all })
    }

    /// An open connection of this account, if one waits.
    pub(super) fn take(&self, account: &Account, _turn: &Turn) -> Option<Line> {
        let mut waiting = self.waiting.lock();
        let newest = waiting.lines.iter().rposition(|(of, _, _)| of == account)?;
        let (_, line, _) = waiting.lines.remove(newest)?;
        Some(line)
    }

    /// Closes what waits for longest, as far as a new connection needs its room.
    pub(super) fn make_room(&self, _turn: &Turn) {
        let mut waiting = self.waiting.lock();
        let free = self.room.available_permits();
        while waiting.lines.len() > free && waiting.lines.pop_front().is_some() {}
    }

    /// Keeps a connection whose mail was taken for the next one, unless it has carried enough.
    pub(super) async fn give_back(&self, account: Account, mut line: Line, turn: Turn) {
        line.carried += 1;
        if line.carried >= MAILS_PER_CONNECTION_MAX {
            say_goodbye(line).await;
            return;
        }
        let mut waiting = self.waiting.lock();
        waiting.lines.push_back((account, line, Instant::now()));
        drop(turn);
        if !std::mem::replace(&mut waiting.watched, true) {
            let mut closing = self.closing.lock();
            while closing.try_join_next().is_some() {}
            closing.spawn(close_idle(Arc::clone(&self.waiting), self.idle));
        }
    }

    fn account(&self, account: &Account) -> Arc<Semaphore> {
        let mut accounts = self.accounts.lock();
        if accounts.len() >= MAIL_CONNECTIONS_MAX {
            // Whoever has a turn or waits for one holds the semaphore too.
            accounts.retain(|_, room| Arc::strong_count(room) > 1);
        }
        let room = accounts.entry(account.clone());
        let new = || Arc::new(Semaphore::new(MAIL_CONNECTIONS_PER_ACCOUNT_MAX));
        Arc::clone(room.or_insert_with(new))
    }
}

/// Says goodbye to each connection that has waited for long enough; ends when none waits.
async fn close_idle(waiting: Arc<Mutex<Waiting>>, idle: Duration) {
    loop {
        let next = {
            let mut waiting = waiting.lock();
            let first = waiting.lines.front().map(|(_, _, since)| *since + idle);
            waiting.watched = first.is_some();
            first
        };
        let Some(next) = next else { return };
        sleep_until(next).await;
        let over = {
            let mut waiting = waiting.lock();
            let now = Instant::now();
            let is_over = |(_, _, since): &mut (Account, Line, Instant)| *since + idle <= now;
            std::iter::from_fn(|| waiting.lines.pop_front_if(is_over)).collect::<Vec<_>>()
        };
        for (_, line, _) in over {
            say_goodbye(line).await;
        }
    }
}

/// A server that has the mail may be slow to say goodbye; nobody waits for it for long.
async fn say_goodbye(mut line: Line) {
    timeout(Duration::from_millis(QUIT_TIMEOUT_MS), line.connection.quit()).await.ok();
}
