//! What fields are called that hold personal data, in English, Spanish and Portuguese.
//!
//! Names stand here as [`plain`] makes them, so that `firstName`, `first_name` and `Dirección` are known.

/// Fields that are a telephone number, beside those that leave as a hash.
pub(super) const NUMBERS: [&str; 20] = [
    "from",
    "to",
    "recipient",
    "recipientid",
    "number",
    "msisdn",
    "mobile",
    "telephone",
    "tel",
    "caller",
    "callee",
    "displayphonenumber",
    "phonenumber",
    "phone",
    "telefono",
    "numerotelefono",
    "movil",
    "celular",
    "telefone",
    "telemovel",
];

/// Words in the name of a field that is a telephone number.
pub(super) const PHONES: [&str; 17] = [
    "phone",
    "phones",
    "telephone",
    "tel",
    "tlf",
    "telf",
    "telefono",
    "telefonos",
    "movil",
    "moviles",
    "celular",
    "telefone",
    "telefones",
    "telemovel",
    "mobile",
    "msisdn",
    "whatsapp",
];

/// What the names of such fields end in that are written in one word, as in `guestPhone`.
pub(super) const PHONE_ENDINGS: [&str; 6] =
    ["phone", "telefono", "telefone", "movil", "celular", "telemovel"];

/// Words in the name of a field that is the number of a card.
pub(super) const CARDS: [&str; 4] = ["card", "tarjeta", "cartao", "pan"];

/// Entities and fields that are a person or a conversation with one, as far as their id may be a number.
pub(super) const PERSONS: [&str; 53] = [
    "conversation",
    "handoff",
    "lead",
    "user",
    "contact",
    "customer",
    "client",
    "guest",
    "profile",
    "sender",
    "chat",
    "thread",
    "recipient",
    "participant",
    "member",
    "patient",
    "party",
    "person",
    "owner",
    "author",
    "account",
    "subscriber",
    "visitor",
    "peer",
    "caller",
    "callee",
    "employee",
    "agent",
    "usuario",
    "contacto",
    "cliente",
    "conversacion",
    "conversa",
    "destinatario",
    "remitente",
    "participante",
    "miembro",
    "membro",
    "paciente",
    "persona",
    "pessoa",
    "autor",
    "cuenta",
    "conta",
    "suscriptor",
    "assinante",
    "visitante",
    "huesped",
    "hospede",
    "comensal",
    "titular",
    "empleado",
    "funcionario",
];

/// What else stands before the `id` or `ids` of such a one.
pub(super) const CALLED: [&str; 3] = ["wa", "from", "to"];

/// Fields that are the name of a person, where those of things are called otherwise.
pub(super) const NAMES: [&str; 38] = [
    "name",
    "firstname",
    "lastname",
    "fullname",
    "givenname",
    "familyname",
    "surname",
    "customer",
    "customername",
    "client",
    "clientname",
    "guest",
    "guestname",
    "contactname",
    "profilename",
    "displayname",
    "username",
    "leadname",
    "sendername",
    "recipientname",
    "nombre",
    "nombres",
    "apellido",
    "apellidos",
    "nombrecompleto",
    "nombrecliente",
    "cliente",
    "huesped",
    "comensal",
    "titular",
    "contacto",
    "nome",
    "nomes",
    "sobrenome",
    "apelido",
    "nomecompleto",
    "nomecliente",
    "hospede",
];

/// Fields that hold what somebody wrote, or where they live, or what nobody else may know.
pub(super) const WORDS: [&str; 77] = [
    "pin",
    "otp",
    "cvv",
    "cvc",
    "passcode",
    "contrasena",
    "senha",
    "text",
    "body",
    "bodytext",
    "bodybase64",
    "content",
    "message",
    "messages",
    "note",
    "notes",
    "comment",
    "comments",
    "caption",
    "transcript",
    "lastmessage",
    "reply",
    "reason",
    "escalationreason",
    "summary",
    "feedback",
    "subject",
    "payloadsnippet",
    "address",
    "street",
    "birthday",
    "dateofbirth",
    "raw",
    "specialrequests",
    "allergies",
    "texto",
    "mensaje",
    "mensajes",
    "nota",
    "notas",
    "comentario",
    "comentarios",
    "observacion",
    "observaciones",
    "peticion",
    "peticiones",
    "alergias",
    "motivo",
    "resumen",
    "asunto",
    "direccion",
    "domicilio",
    "calle",
    "cumpleanos",
    "fechanacimiento",
    "fechadenacimiento",
    "dni",
    "nif",
    "nie",
    "pasaporte",
    "mensagem",
    "mensagens",
    "observacao",
    "observacoes",
    "pedido",
    "pedidos",
    "resumo",
    "assunto",
    "endereco",
    "morada",
    "rua",
    "aniversario",
    "datanascimento",
    "datadenascimento",
    "cpf",
    "rg",
    "iban",
];

/// Fields inside of which a name is that of a thing.
pub(super) const THINGS: [&str; 20] = [
    "acknowledged",
    "actions",
    "action",
    "attachments",
    "cancelledbyhand",
    "endpoint",
    "enriched",
    "handedon",
    "headers",
    "intent",
    "intents",
    "itemssold",
    "pausedbyhand",
    "product",
    "products",
    "reminders",
    "template",
    "timers",
    "tools",
    "why",
];

/// The same in what somebody else made, who calls the fields as they please.
pub(super) const THEIR_THINGS: [&str; 7] =
    ["action", "actions", "intent", "intents", "itemssold", "product", "products"];

/// Fields that hold what somebody calls what was wanted, ...
pub(super) const LABELS: [&str; 4] = ["intent", "lastintent", "channel", "action"];
/// ... and those in whose fields it stands, with what was done and what came of it.
pub(super) const LABELLED: [&str; 5] = ["action", "actions", "intent", "intents", "resolution"];

/// Where an event comes from that is our own.
pub(super) const OWN_SOURCE: &str = "workflow";

/// Fields inside of which we say how things stand; nobody's text, but it may hold a number.
pub(super) const OURS: [&str; 9] = [
    "acknowledged",
    "cancelledbyhand",
    "endpoints",
    "handedon",
    "pausedbyhand",
    "providererror",
    "quarantined",
    "refused",
    "why",
];

/// Fields that hold what somebody else made, whose fields are called as they please.
pub(super) const THEIRS: [&str; 5] = ["data", "payload", "payloadsnippet", "body", "raw"];

/// What receivers answered us, who like to repeat what they got.
pub(super) const ANSWERS: [&str; 1] = ["responsebody"];

/// Fields in which we tell what went wrong.
pub(super) const ERRORS: [&str; 3] = ["error", "errormessage", "lasterror"];

/// What somebody did by hand, beside what is told of jobs ...
pub(super) const DEEDS: [&str; 4] = ["acknowledged", "cancelledbyhand", "handedon", "pausedbyhand"];
/// ... and the fields in it that are their own words.
pub(super) const SAID: [&str; 2] = ["reason", "q"];

/// Whether a word is one of these, or the plural of one: `users`, `conversaciones`.
pub(super) fn is_one_or_more(word: &str, of: &[&str]) -> bool {
    let singulars = [Some(word), word.strip_suffix('s'), word.strip_suffix("es")];
    singulars.into_iter().flatten().any(|word| of.contains(&word))
}

/// Whether a field says when somebody was born.
pub(super) fn is_birthday(field: &str) -> bool {
    const BIRTH: [&str; 10] = [
        "birth",
        "born",
        "birthday",
        "birthdate",
        "dob",
        "nac",
        "nacimiento",
        "nasc",
        "nascimento",
        "cumpleanos",
    ];
    crate::answer::words(field).iter().any(|word| BIRTH.contains(&word.as_str()))
}

/// The name of a field in lower case with its words parted: `orderId` like `order_id`.
pub(super) fn parted(field: &str) -> String {
    let mut name = String::with_capacity(field.len() + 2);
    let mut is_low = false;
    for letter in field.chars() {
        if is_low && letter.is_uppercase() {
            name.push('_');
        }
        is_low = letter.is_lowercase() || letter.is_ascii_digit();
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// The name of a field in lower case, without accents and without what parts its words.
pub(super) fn plain(field: &str) -> String {
    crate::answer::words(field).concat()
}
