// Words of the inbound log.

export default {
  lead:
    "Everything that providers send, also what was refused, with the reason. It can be "
      + "processed again.",
  status: "Status",
  words: "Text",
  words_hint: "wamid., a number, a word",
  source: "Source",
  type: "Type",
  types: "Contains",
  reason: "What became of it",
  size: "Size",
  received: "Received",
  processed: "Processed",
  next: "Next attempt",
  peer: "From",
  count: "Times",
  events: "Events that it led to",
  events_made: { one: "{count} event", other: "{count} events" },
  facts: "Facts",
  body: "Body",
  headers: "Headers",
  empty: "Nothing was received yet",
  empty_text: "Give this address to Meta, to Bird or to whoever signs webhooks:",
  reprocess: "Process again",
  reprocessed: "It is processed again",
  reprocess_many: "Process all that fit",
  reprocess_aside: "Process all set aside",
  never_refused: "What was refused is not processed: it did not prove its origin.",
  never_pending: "These are being processed already.",
  reprocess_ask: "{count} letters ({status}) that fit the filters will be processed again.",
  reprocess_yes: "Process them",
  many_reprocess: {
    one: "Process {count} letter again?",
    other: "Process {count} letters again?",
  },
};
