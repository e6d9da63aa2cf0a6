// Palabras de la recepción.

export default {
  lead:
    "Todo lo que mandan los proveedores, también lo rechazado, con el motivo. Se puede "
      + "volver a procesar.",
  status: "Estado",
  words: "Texto",
  words_hint: "wamid., un número, una palabra",
  source: "Origen",
  type: "Tipo",
  types: "Contiene",
  reason: "Qué fue de ello",
  size: "Tamaño",
  received: "Recibido",
  processed: "Procesado",
  next: "Siguiente intento",
  peer: "Desde",
  count: "Veces",
  events: "Eventos que produjo",
  events_made: { one: "{count} evento", other: "{count} eventos" },
  facts: "Datos",
  body: "Cuerpo",
  headers: "Cabeceras",
  empty: "Aún no se ha recibido nada",
  empty_text: "Dé esta dirección a Meta, a Bird o a quien firme sus webhooks:",
  reprocess: "Procesar de nuevo",
  reprocessed: "Se procesa de nuevo",
  reprocess_many: "Procesar los que encajan",
  reprocess_aside: "Procesar todo lo apartado",
  never_refused: "Lo rechazado no se procesa: no demostró su origen.",
  never_pending: "Estos ya se están procesando.",
  reprocess_ask: "Se procesarán de nuevo {count} envíos ({status}) que encajan con los filtros.",
  reprocess_yes: "Procesarlos",
  many_reprocess: {
    one: "¿Procesar de nuevo {count} envío?",
    other: "¿Procesar de nuevo {count} envíos?",
  },
};
