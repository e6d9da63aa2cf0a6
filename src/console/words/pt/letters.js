// Palavras do não entregue.

export default {
  lead:
    "Entregas que se deram por perdidas. Corrija a causa, tente o grupo de novo, e nada "
      + "se perde.",
  causes: "Por causa",
  cause: "Causa",
  fault: "De quem é",
  error: "Erro",
  event: "Evento",
  event_type: "Tipo de evento",
  endpoint: "Destino",
  to: "Para",
  attempts: "Tentativas",
  dead: "Perdida",
  expires: "Esquecida",
  newest: "última",
  oldest: "primeira",
  mended: "O destino voltou a funcionar: bom momento para tentar de novo.",
  retry: "Tentar de novo",
  discard: "Descartar",
  retry_all: "Tentar todas as que correspondem",
  retry_many: "Tentar não entregues de novo",
  retry_yes: "Tentar de novo",
  retry_ask: "{count} entregas serão tentadas de novo, com o mesmo id.",
  discard_many: "Descartar não entregues",
  discard_yes: "Descartar",
  discard_ask:
    "{count} entregas serão descartadas: não serão tentadas de novo. Seus eventos e "
      + "histórico ficam.",
  discard_one: "Não será tentada de novo. Seu evento e seu histórico ficam.",
  empty: "Nada se perdeu",
  empty_text: "Aqui aparece o que não se pôde entregar, com a causa e o remédio.",
  empty_action: "Ver as entregas",
  retried: "Está sendo tentada de novo",
  discarded: "Descartada",
  edited: "Sai como um evento novo {id}",
  to_delivery: "Ver a entrega",
  edit: "Editar e tentar de novo",
  edit_text:
    "Com outros dados sai como um evento novo, só para este destino. O original fica "
      + "como estava.",
  edit_yes: "Enviar",
  data: "Dados (JSON)",
  not_json: "Isto não é JSON: {why}",
  facts: "Dados",
  tried: "O que se tentou",
  given_up: "Foi dada por perdida",
  forgotten: "Será esquecida",
  message: "Mensagem",
  payload: "Conteúdo",
};
