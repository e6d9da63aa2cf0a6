// Palabras de las entregas.

export default {
  lead: "Cada evento hacia cada destino: si llegó, por qué no, y cuándo se vuelve a intentar.",
  status: "Estado",
  event: "Evento",
  event_type: "Tipo de evento",
  endpoint: "Destino",
  to: "Para",
  attempts: "Intentos",
  outcome: "Última respuesta",
  next: "Siguiente intento",
  created: "Creada",
  no_answer: "sin respuesta",
  retry: "Reintentar ahora",
  retry_ask:
    "¿Volver a enviar «{type}» ahora? Lleva el mismo id, así que quien ya lo recibió "
      + "puede reconocerlo.",
  retried: "Se intenta de nuevo",
  retry_all: "Reintentar las que encajan",
  retry_dead: "Reintentar todas las dadas por perdidas",
  event_id: "Id del evento",
  retry_all_ask: "Se volverán a intentar {count} entregas ({status}) que encajan con los filtros.",
  retry_yes: "Reintentarlas",
  empty: "Aún no hay entregas",
  empty_text:
    "Nacen cuando llega un evento que algún destino quiere. Registre un destino y envíe "
      + "un primer evento:",
  empty_action: "Ir a Integraciones",
  to_event: "Ver el evento",
  tried: "Lo que se ha intentado",
  facts: "Datos",
  request: "Lo que se envía",
  body: "Cuerpo",
  response: "Respuesta",
  step_created: "Se creó la entrega",
  step_next: "Siguiente intento",
  attempt: "Intento {number}",
  by_hand: "A mano",
  provider_says: "WhatsApp: {status}",
  provider_id: "Id en WhatsApp",
  provider_error: "Error de WhatsApp",
};
