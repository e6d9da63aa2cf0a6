// Palabras de lo no entregado.

export default {
  lead:
    "Entregas que se dieron por perdidas. Arregle la causa, reintente el grupo, y no se "
      + "pierde nada.",
  causes: "Por causa",
  cause: "Causa",
  fault: "De quién es",
  error: "Error",
  event: "Evento",
  event_type: "Tipo de evento",
  endpoint: "Destino",
  to: "Para",
  attempts: "Intentos",
  dead: "Perdida",
  expires: "Se olvida",
  newest: "última",
  oldest: "primera",
  mended: "El destino vuelve a funcionar: buen momento para reintentar.",
  retry: "Reintentar",
  discard: "Descartar",
  retry_all: "Reintentar las que encajan",
  retry_many: "Reintentar no entregadas",
  retry_yes: "Reintentarlas",
  retry_ask: "Se volverán a intentar {count} entregas, con el mismo id.",
  discard_many: "Descartar no entregadas",
  discard_yes: "Descartarlas",
  discard_ask:
    "Se descartarán {count} entregas: no volverán a intentarse. Sus eventos y su "
      + "historial se conservan.",
  discard_one: "No volverá a intentarse. Su evento y su historial se conservan.",
  empty: "Nada se ha perdido",
  empty_text: "Aquí aparece lo que no se pudo entregar, con la causa y el remedio.",
  empty_action: "Ver las entregas",
  retried: "Se intenta de nuevo",
  discarded: "Descartada",
  edited: "Sale como un evento nuevo {id}",
  to_delivery: "Ver la entrega",
  edit: "Editar y reintentar",
  edit_text:
    "Con otros datos sale como un evento nuevo, solo hacia este destino. El original "
      + "queda como estaba.",
  edit_yes: "Enviar",
  data: "Datos (JSON)",
  not_json: "Esto no es JSON: {why}",
  facts: "Datos",
  tried: "Lo que se intentó",
  given_up: "Se dio por perdida",
  forgotten: "Se olvidará",
  message: "Mensaje",
  payload: "Contenido",
};
