//! What providers said of messages after they had taken them, and customers' windows.
//!
//! Each word of a provider is a row of its own, so words that come at once, twice or in a strange order
//! need no reading before they are written, and none undoes another.

use sereno_workflows::id::{Sequence, TenantId};
use sereno_workflows::provider::ProviderStatus;
use sereno_workflows::time::Timestamp;
use sereno_workflows::window::{WINDOW, Window};

use super::{Draft, Ledger, LedgerError};
use crate::record::key::{self, provider as keys};
use crate::record::{self, ProviderStatusRecord, ReceiptRecord, WindowRecord};

/// Everything that is known of a delivery after its provider took it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProviderWord {
    /// The provider's id of the message.
    pub message_id: Option<String>,
    /// What the provider said, in the order of what says more.
    pub statuses: Vec<(ProviderStatus, ProviderStatusRecord)>,
}

impl Ledger {
    /// The receipt of a delivery, if a provider gave one.
    pub fn receipt(
        &self,
        tenant: &TenantId,
        delivery: Sequence,
    ) -> Result<Option<ReceiptRecord>, LedgerError> {
        self.get(key::partition(tenant), &keys::receipt(tenant, delivery))
    }

    /// The delivery whose message a provider calls so.
    pub fn find_message(
        &self,
        tenant: &TenantId,
        message_id: &str,
    ) -> Result<Option<Sequence>, LedgerError> {
        let place = self.store.get(key::partition(tenant), &keys::message(tenant, message_id))?;
        Ok(place.as_deref().and_then(key::sequence))
    }

    /// What a provider said of a delivery.
    pub fn provider_word(
        &self,
        tenant: &TenantId,
        delivery: Sequence,
    ) -> Result<ProviderWord, LedgerError> {
        let prefix = keys::words(tenant, delivery);
        let mut word = ProviderWord::default();
        let rows = self.under(key::partition(tenant), &prefix, ProviderStatus::ALL.len() + 1)?;
        for (key, value) in rows {
            match key.last().and_then(|&byte| keys::provider_status(byte)) {
                Some(status) => word.statuses.push((status, record::decode(&value)?)),
                None => {
                    let receipt: ReceiptRecord = record::decode(&value)?;
                    word.message_id = Some(receipt.message_id).filter(|id| !id.is_empty());
                }
            }
        }
        let said = word.statuses.last().map(|(_, status)| status.message_id.clone());
        word.message_id = word.message_id.or(said);
        Ok(word)
    }

    /// Whether a customer may be written to freely.
    pub fn window(
        &self,
        tenant: &TenantId,
        number: &str,
        now: Timestamp,
    ) -> Result<Window, LedgerError> {
        Ok(Window::of(self.window_until(tenant, number)?, now))
    }

    /// Until when a customer may be, or might have been, written to freely; `None` where they have not written.
    pub fn window_until(
        &self,
        tenant: &TenantId,
        number: &str,
    ) -> Result<Option<Timestamp>, LedgerError> {
        let found = self.get(key::partition(tenant), &keys::window(tenant, number))?;
        Ok(found.map(|WindowRecord { open_until }| open_until))
    }

    /// Whether a customer's message is the latest that is known of them.
    pub fn is_latest_word(
        &self,
        tenant: &TenantId,
        number: &str,
        at: Timestamp,
    ) -> Result<bool, LedgerError> {
        let until = self.window_until(tenant, number)?;
        Ok(until.is_none_or(|until| until < at.after(WINDOW)))
    }
}

impl Draft {
    /// Keeps the receipt of a delivery, and where its message is found.
    pub fn receipt(&mut self, delivery: Sequence, receipt: &ReceiptRecord) {
        let tenant = self.tenant().clone();
        if !receipt.message_id.is_empty() {
            let place = delivery.0.to_be_bytes().to_vec();
            self.batch().put(keys::message(&tenant, &receipt.message_id), place);
        }
        self.batch().put(keys::receipt(&tenant, delivery), record::encode(receipt));
    }

    /// Keeps what a provider said of a delivery.
    pub fn provider_said(
        &mut self,
        delivery: Sequence,
        status: ProviderStatus,
        said: &ProviderStatusRecord,
    ) {
        let key = keys::word(self.tenant(), delivery, status);
        self.batch().put(key, record::encode(said));
    }

    /// Forgets what a provider said of a delivery.
    pub fn forget_words(&mut self, delivery: Sequence) {
        for status in ProviderStatus::ALL {
            let key = keys::word(self.tenant(), delivery, status);
            self.batch().delete(key);
        }
    }

    /// Forgets the receipt of a delivery.
    pub fn forget_receipt(&mut self, delivery: Sequence, receipt: &ReceiptRecord) {
        let tenant = self.tenant().clone();
        self.batch().delete(keys::message(&tenant, &receipt.message_id));
        self.batch().delete(keys::receipt(&tenant, delivery));
    }

    /// A customer wrote at that time, and may be written to freely for a day.
    pub fn open_window(&mut self, number: &str, at: Timestamp) {
        let key = keys::window(self.tenant(), number);
        self.batch().put(key, record::encode(&WindowRecord { open_until: at.after(WINDOW) }));
    }

    /// The provider knows better: nothing is known of the customer's window.
    pub fn forget_window(&mut self, number: &str) {
        let key = keys::window(self.tenant(), number);
        self.batch().delete(key);
    }
}
