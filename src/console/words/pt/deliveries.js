// Palavras das entregas.

export default {
  lead: "Cada evento para cada destino: se chegou, por que não, e quando se tenta de novo.",
  status: "Estado",
  event: "Evento",
  event_type: "Tipo de evento",
  endpoint: "Destino",
  to: "Para",
  attempts: "Tentativas",
  outcome: "Última resposta",
  next: "Próxima tentativa",
  created: "Criada",
  no_answer: "sem resposta",
  retry: "Tentar agora",
  retry_ask:
    "Enviar «{type}» de novo agora? Leva o mesmo id, assim quem já o recebeu pode "
      + "reconhecê-lo.",
  retried: "Está sendo tentada de novo",
  retry_all: "Tentar todas as que correspondem",
  retry_dead: "Tentar de novo as dadas por perdidas",
  event_id: "Id do evento",
  retry_all_ask: "{count} entregas ({status}) que correspondem aos filtros serão tentadas de novo.",
  retry_yes: "Tentar de novo",
  empty: "Ainda não há entregas",
  empty_text:
    "Nascem quando chega um evento que algum destino quer. Registre um destino e envie "
      + "um primeiro evento:",
  empty_action: "Ir para Integrações",
  to_event: "Ver o evento",
  tried: "O que se tentou",
  facts: "Dados",
  request: "O que se envia",
  body: "Corpo",
  response: "Resposta",
  step_created: "A entrega foi criada",
  step_next: "Próxima tentativa",
  attempt: "Tentativa {number}",
  by_hand: "À mão",
  provider_says: "WhatsApp: {status}",
  provider_id: "Id no WhatsApp",
  provider_error: "Erro do WhatsApp",
};
