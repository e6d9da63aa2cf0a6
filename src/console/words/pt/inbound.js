// Palavras da recepção.

export default {
  lead:
    "Tudo o que os provedores mandam, também o recusado, com o motivo. Pode ser "
      + "processado de novo.",
  status: "Estado",
  words: "Texto",
  words_hint: "wamid., um número, uma palavra",
  source: "Origem",
  type: "Tipo",
  types: "Contém",
  reason: "O que resultou",
  size: "Tamanho",
  received: "Recebido",
  processed: "Processado",
  next: "Próxima tentativa",
  peer: "De",
  count: "Vezes",
  events: "Eventos que produziu",
  events_made: { one: "{count} evento", other: "{count} eventos" },
  facts: "Dados",
  body: "Corpo",
  headers: "Cabeçalhos",
  empty: "Ainda não se recebeu nada",
  empty_text: "Dê este endereço à Meta, ao Bird ou a quem assine webhooks:",
  reprocess: "Processar de novo",
  reprocessed: "Está sendo processado de novo",
  reprocess_many: "Processar os que correspondem",
  reprocess_aside: "Processar tudo o que foi posto de lado",
  never_refused: "O que foi recusado não se processa: não provou a sua origem.",
  never_pending: "Estes já estão sendo processados.",
  reprocess_ask:
    "Serão processados de novo {count} envios ({status}) que correspondem aos filtros.",
  reprocess_yes: "Processar",
  many_reprocess: {
    one: "Processar de novo {count} envio?",
    other: "Processar de novo {count} envios?",
  },
};
