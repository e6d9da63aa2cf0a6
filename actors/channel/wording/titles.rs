//! What happened, in a few words of each language.

use sereno_workflows::locale::Locale;

use super::pick;

type Words = [&'static str; 3];

/// What happened, in a few words; the type itself where we do not know it.
pub(crate) fn title(event_type: &str, locale: Locale) -> String {
    if let Some(title) = reminder(event_type, locale) {
        return title;
    }
    let words = bookings(event_type)
        .or_else(|| talks(event_type))
        .or_else(|| people(event_type))
        .or_else(|| business(event_type))
        .or_else(|| accounts(event_type))
        .or_else(|| system(event_type));
    words.map_or_else(|| event_type.to_owned(), |words| pick(locale, words).to_owned())
}

fn reminder(event_type: &str, locale: Locale) -> Option<String> {
    let before = event_type.strip_prefix("reminder.")?.strip_suffix(".sent")?;
    let words = ["Recordatorio enviado", "Reminder sent", "Lembrete enviado"];
    Some(format!("{} ({before})", pick(locale, words)))
}

fn bookings(event_type: &str) -> Option<Words> {
    Some(match event_type {
        "reservation.created" => ["Nueva reserva", "New booking", "Nova reserva"],
        "reservation.modified" => ["Reserva modificada", "Booking changed", "Reserva alterada"],
        "reservation.cancelled" => ["Reserva cancelada", "Booking cancelled", "Reserva cancelada"],
        "reservation.confirmed" => {
            ["Reserva confirmada", "Booking confirmed", "Reserva confirmada"]
        }
        "reservation.arrived" => {
            ["El cliente ha llegado", "The customer has arrived", "O cliente chegou"]
        }
        "reservation.completed" => ["Visita terminada", "Visit completed", "Visita concluída"],
        "reminder.no_show" => {
            ["El cliente no ha venido", "The customer did not come", "O cliente não veio"]
        }
        "handoff.opened" => [
            "Un cliente espera a una persona",
            "A customer waits for a person",
            "Um cliente espera por uma pessoa",
        ],
        "handoff.replied" => {
            ["Una persona ha respondido", "A person has answered", "Uma pessoa respondeu"]
        }
        "handoff.closed" => ["Conversación cerrada", "Conversation closed", "Conversa encerrada"],
        "handoff.claimed" => {
            ["Una persona se ocupa", "A person sees to it", "Uma pessoa cuida disso"]
        }
        "handoff.assigned" => {
            ["Atención asignada", "A handoff was given to somebody", "Atendimento atribuído"]
        }
        "handoff.released" => {
            ["Atención liberada", "A handoff was released", "Atendimento liberado"]
        }
        "handoff.prioritized" => [
            "Cambia la prioridad de una atención",
            "A handoff has another priority",
            "Muda a prioridade de um atendimento",
        ],
        "handoff.snoozed" => ["Atención aplazada", "A handoff was put off", "Atendimento adiado"],
        "handoff.unsnoozed" => [
            "Toca atender a un cliente que se había aplazado",
            "A customer who was put off is to be answered now",
            "É hora de atender um cliente que tinha sido adiado",
        ],
        "sla.breached" => [
            "Un cliente lleva demasiado tiempo esperando",
            "A customer has waited too long",
            "Um cliente espera há tempo demais",
        ],
        "incident.sla_cluster" => [
            "Incidente: varios clientes esperan demasiado",
            "Incident: several customers wait too long",
            "Incidente: vários clientes esperam demais",
        ],
        _ => return None,
    })
}

fn talks(event_type: &str) -> Option<Words> {
    Some(match event_type {
        "conversation.started" => ["Conversación nueva", "New conversation", "Nova conversa"],
        "conversation.message.received" => {
            ["Mensaje de un cliente", "A customer's message", "Mensagem de um cliente"]
        }
        "conversation.message.sent" => {
            ["Mensaje a un cliente", "A message to a customer", "Mensagem a um cliente"]
        }
        "conversation.taken_over" => [
            "Una persona atiende la conversación",
            "A person has taken over the conversation",
            "Uma pessoa assumiu a conversa",
        ],
        "conversation.given_back" => [
            "La conversación vuelve al asistente",
            "The conversation is back with the assistant",
            "A conversa volta ao assistente",
        ],
        "conversation.ended" => {
            ["Conversación terminada", "Conversation ended", "Conversa terminada"]
        }
        "conversation.escalated" => [
            "Una conversación necesita a una persona",
            "A conversation needs a person",
            "Uma conversa precisa de uma pessoa",
        ],
        "ai.intent.detected" => {
            ["Intención del cliente", "The customer's intent", "Intenção do cliente"]
        }
        "ai.action.executed" => {
            ["El asistente ha actuado", "The assistant did something", "O assistente agiu"]
        }
        "ai.recommendation.generated" => [
            "El asistente recomienda algo",
            "The assistant recommends something",
            "O assistente recomenda algo",
        ],
        "whatsapp.message.received" => {
            ["Mensaje de WhatsApp", "WhatsApp message", "Mensagem de WhatsApp"]
        }
        "whatsapp.call.started" => ["Llamada entrante", "Call began", "Chamada iniciada"],
        "whatsapp.call.missed" => ["Llamada perdida", "Missed call", "Chamada perdida"],
        "whatsapp.call.ended" => ["Llamada terminada", "Call ended", "Chamada terminada"],
        "whatsapp.call.failed" => ["Llamada fallida", "Call failed", "Chamada falhada"],
        "whatsapp.call.status" => {
            ["Estado de una llamada", "State of a call", "Estado de uma chamada"]
        }
        "whatsapp.user.changed" => [
            "Un cliente cambió de número",
            "A customer has another number",
            "Um cliente mudou de número",
        ],
        "whatsapp.preferences.changed" => [
            "Un cliente cambió sus preferencias",
            "A customer changed their preferences",
            "Um cliente mudou as suas preferências",
        ],
        "whatsapp.error" => ["Error de WhatsApp", "WhatsApp error", "Erro do WhatsApp"],
        "message.failed" => [
            "Un mensaje no llegó al cliente",
            "A message did not reach the customer",
            "Uma mensagem não chegou ao cliente",
        ],
        _ => return None,
    })
}

fn people(event_type: &str) -> Option<Words> {
    Some(match event_type {
        "lead.created" => ["Nuevo contacto", "New lead", "Novo contacto"],
        "lead.merged" => {
            ["Dos contactos son uno", "Two leads are one person", "Dois contactos são um"]
        }
        "lead.opted_out" => {
            ["No quiere más avisos", "Wants no more offers", "Não quer mais avisos"]
        }
        "lead.opted_in" => ["Vuelve a querer avisos", "Wants offers again", "Quer avisos de novo"],
        "lead.sold_out.sent" => ["Aviso: agotado", "Told: sold out", "Aviso: esgotado"],
        "lead.low_stock.sent" => {
            ["Aviso: quedan pocas unidades", "Told: few are left", "Aviso: restam poucas unidades"]
        }
        "lead.price_drop.sent" => {
            ["Aviso: baja de precio", "Told: a lower price", "Aviso: baixa de preço"]
        }
        _ => return None,
    })
}

fn business(event_type: &str) -> Option<Words> {
    Some(match event_type {
        "inventory.updated" => ["Cambio de existencias", "Stock changed", "Mudança de stock"],
        "price.changed" => ["Cambio de precio", "Price changed", "Mudança de preço"],
        "product.added" => ["Producto nuevo", "New product", "Produto novo"],
        "product.removed" => ["Producto retirado", "Product removed", "Produto retirado"],
        "order.created" => ["Pedido nuevo", "New order", "Novo pedido"],
        "order.completed" => ["Pedido pagado", "Order paid", "Pedido pago"],
        "order.cancelled" => ["Pedido cancelado", "Order cancelled", "Pedido cancelado"],
        "campaign.started" => ["Campaña iniciada", "Campaign started", "Campanha iniciada"],
        "notification.sent" => ["Aviso enviado", "Notification sent", "Aviso enviado"],
        _ => return None,
    })
}

fn accounts(event_type: &str) -> Option<Words> {
    Some(match event_type {
        "client.created" => ["Cliente nuevo", "New client", "Cliente novo"],
        "client.updated" => ["Cliente modificado", "Client changed", "Cliente alterado"],
        "portfolio.created" => ["Cartera nueva", "New portfolio", "Carteira nova"],
        "portfolio.updated" => ["Cartera modificada", "Portfolio changed", "Carteira alterada"],
        "user.registered" => {
            ["Registro de un usuario", "A user signed up", "Registo de um utilizador"]
        }
        "user.created" => ["Usuario nuevo", "New user", "Utilizador novo"],
        "user.updated" => ["Usuario modificado", "User changed", "Utilizador alterado"],
        "user.deleted" => ["Usuario eliminado", "User removed", "Utilizador eliminado"],
        "tenant.created" => ["Cuenta nueva", "New account", "Conta nova"],
        "tenant.updated" => ["Cuenta modificada", "Account changed", "Conta alterada"],
        "subscription.created" => ["Suscripción nueva", "New subscription", "Subscrição nova"],
        "subscription.updated" => {
            ["Suscripción modificada", "Subscription changed", "Subscrição alterada"]
        }
        "subscription.cancelled" => {
            ["Suscripción cancelada", "Subscription cancelled", "Subscrição cancelada"]
        }
        "invoice.paid" => ["Factura pagada", "Invoice paid", "Fatura paga"],
        "invoice.failed" => ["Factura impagada", "Invoice not paid", "Fatura por pagar"],
        _ => return None,
    })
}

/// What a digest of these is called; each alone has more to say.
fn system(event_type: &str) -> Option<Words> {
    Some(match event_type {
        "alert.raised" => ["Alerta", "Alert", "Alerta"],
        "alert.resolved" => ["Alerta resuelta", "Alert resolved", "Alerta resolvido"],
        "report.weekly.ready" | "report.weekly.requested" => {
            ["Informe semanal", "Weekly report", "Relatório semanal"]
        }
        "test.ping" => ["Prueba de Sereno", "A test from Sereno", "Teste do Sereno"],
        other => return super::system::title(other),
    })
}
