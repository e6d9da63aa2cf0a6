//! What customers are told of products, and of what they want to be told.

use super::{Message, plain};
use crate::locale::Locale;

/// The product is sold out.
pub fn sold_out(product: &str, locale: Locale) -> Message {
    let text = match locale {
        Locale::Es => format!("{product}, que estás viendo, se ha agotado 😔"),
        Locale::En => format!("{product}, which you are looking at, is sold out 😔"),
        Locale::Pt => format!("{product}, que você está vendo, esgotou 😔"),
    };
    // A template has the same parameters each time.
    about(product, 0, text)
}

/// Only so many of the product are left.
pub fn low_stock(product: &str, left: u64, locale: Locale) -> Message {
    let text = match (locale, left) {
        (Locale::Es, 1) => format!("¡Queda solo 1 unidad de {product}! ⚡"),
        (Locale::Es, _) => format!("¡Quedan solo {left} unidades de {product}! ⚡"),
        (Locale::En, _) => format!("Only {left} left of {product}! ⚡"),
        (Locale::Pt, 1) => format!("Resta só 1 unidade de {product}! ⚡"),
        (Locale::Pt, _) => format!("Restam só {left} unidades de {product}! ⚡"),
    };
    about(product, left, text)
}

/// The product costs so much less, in percent.
pub fn price_drop(product: &str, percent: u32, locale: Locale) -> Message {
    let text = match locale {
        Locale::Es => format!("¡{product}, que viste, ha bajado un {percent} %! 🎉"),
        Locale::En => format!("{product}, which you looked at, is now {percent}% cheaper! 🎉"),
        Locale::Pt => format!("{product}, que você viu, baixou {percent}%! 🎉"),
    };
    about(product, percent.into(), text)
}

/// Whoever said STOP was understood.
pub fn opted_out(locale: Locale) -> Message {
    plain(match locale {
        Locale::Es => {
            "Entendido: no te enviaremos más avisos. Escribe ALTA para volver a recibirlos."
        }
        Locale::En => "Understood: you will get no more offers. Write START to get them again.",
        Locale::Pt => {
            "Entendido: não enviaremos mais avisos. Escreva VOLTAR para recebê-los de novo."
        }
    })
}

/// Whoever said START was understood.
pub fn opted_in(locale: Locale) -> Message {
    plain(match locale {
        Locale::Es => "¡Hecho! Volverás a recibir nuestros avisos.",
        Locale::En => "Done! You will get our offers again.",
        Locale::Pt => "Pronto! Você voltará a receber nossos avisos.",
    })
}

fn about(product: &str, figure: u64, text: String) -> Message {
    let parameters = vec![product.to_owned(), figure.to_string()];
    Message { parameters, ..plain(&text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b06_b07_each_language_has_its_words_and_each_template_its_parameters() {
        for (message, text, parameters) in [
            (
                low_stock("Vestido", 1, Locale::Es),
                "¡Queda solo 1 unidad de Vestido! ⚡",
                ["Vestido", "1"],
            ),
            (
                low_stock("Vestido", 3, Locale::Pt),
                "Restam só 3 unidades de Vestido! ⚡",
                ["Vestido", "3"],
            ),
            (low_stock("Dress", 3, Locale::En), "Only 3 left of Dress! ⚡", ["Dress", "3"]),
            (
                price_drop("Vestido", 20, Locale::Es),
                "¡Vestido, que viste, ha bajado un 20 %! 🎉",
                ["Vestido", "20"],
            ),
            (
                sold_out("Dress", Locale::En),
                "Dress, which you are looking at, is sold out 😔",
                ["Dress", "0"],
            ),
        ] {
            assert_eq!(
                (message.text.as_str(), &message.parameters[..]),
                (text, &parameters.map(String::from)[..])
            );
        }
    }
}
