//! What a template may be made of: text, `{{ names }}` with filters, `if`, `for`, `set` and `with`.
//!
//! Steps are counted while a template is rendered, but one step can double a text that was made before,
//! and forty of them make a terabyte. So there is nothing that joins texts or lists (`~`, `+`, `*`), keeps
//! what was written (`set` blocks, macros), or calls functions: every value comes from the event, from the
//! template as it stands, or from a filter that makes it at most a little longer.
//!
//! The parser goes one level down its stack for every `not`, filter, operator or `elif` that stands on the one
//! before, so the tags are measured before it sees them. The tree is walked with a list of what is still to
//! be seen.

use minijinja::machinery::{Token, WhitespaceConfig, ast, parse, tokenize};
use minijinja::syntax::SyntaxConfig;

use super::{filters, said};
use crate::limits::{TEMPLATE_BLOCKS_MAX, TEMPLATE_TAG_TOKENS_MAX};

/// Refuses a template that is none, or that is made of anything else.
pub(super) fn check(source: &str) -> Result<(), String> {
    measure(source)?;
    let syntax = SyntaxConfig;
    let tree = parse(source, "template", syntax, WhitespaceConfig::default());
    let tree = tree.map_err(|error| said(&error))?;
    let mut seen = Walk { statements: vec![&tree], expressions: Vec::new() };
    loop {
        if let Some(expression) = seen.expressions.pop() {
            let line = expression.span().start_line;
            seen.expression(expression).map_err(|what| format!("line {line}: {what}"))?;
        } else if let Some(statement) = seen.statements.pop() {
            seen.statement(statement)?;
        } else {
            return Ok(());
        }
    }
}

/// Refuses a template whose tags are too long or too many for the parser to go down into.
fn measure(source: &str) -> Result<(), String> {
    let (mut blocks, mut length, mut opens) = (0, 0, false);
    for token in tokenize(source, false, SyntaxConfig, WhitespaceConfig::default()) {
        // The parser stops at the same place, and says why.
        let Ok((token, span)) = token else { return Ok(()) };
        let line = span.start_line;
        match token {
            Token::TemplateData(_) | Token::VariableEnd | Token::BlockEnd => length = 0,
            Token::Ident(name) if opens && !name.starts_with("end") => blocks += 1,
            _ => length += 1,
        }
        opens = matches!(token, Token::BlockStart);
        if length > TEMPLATE_TAG_TOKENS_MAX {
            return Err(format!(
                "line {line}: this {{{{ }}}} or {{% %}} has more than {TEMPLATE_TAG_TOKENS_MAX} names and \
                 marks; write it as several, with set"
            ));
        }
        if blocks > TEMPLATE_BLOCKS_MAX {
            return Err(format!(
                "line {line}: there are more than {TEMPLATE_BLOCKS_MAX} blocks (if, elif, else, for, set, \
                 with); write fewer"
            ));
        }
    }
    Ok(())
}

/// What is still to be seen.
struct Walk<'a> {
    statements: Vec<&'a ast::Stmt<'a>>,
    expressions: Vec<&'a ast::Expr<'a>>,
}

impl<'a> Walk<'a> {
    fn statement(&mut self, statement: &'a ast::Stmt<'a>) -> Result<(), String> {
        use ast::Stmt;
        let (what, line) = match statement {
            Stmt::Template(template) => {
                self.statements.extend(&template.children);
                return Ok(());
            }
            Stmt::EmitRaw(_) => return Ok(()),
            Stmt::EmitExpr(emit) => {
                self.expressions.push(&emit.expr);
                return Ok(());
            }
            Stmt::IfCond(condition) => {
                self.expressions.push(&condition.expr);
                self.statements.extend(condition.true_body.iter().chain(&condition.false_body));
                return Ok(());
            }
            Stmt::ForLoop(all) if !all.recursive => {
                self.expressions.push(&all.iter);
                self.expressions.extend(&all.filter_expr);
                self.statements.extend(all.body.iter().chain(&all.else_body));
                return Ok(());
            }
            Stmt::Set(set) => {
                self.expressions.push(&set.expr);
                return Ok(());
            }
            Stmt::WithBlock(with) => {
                self.expressions.extend(with.assignments.iter().map(|(_, value)| value));
                self.statements.extend(&with.body);
                return Ok(());
            }
            Stmt::ForLoop(all) => ("a recursive loop", all.span().start_line),
            Stmt::SetBlock(block) => ("a set block", block.span().start_line),
            Stmt::AutoEscape(block) => ("autoescape", block.span().start_line),
            Stmt::FilterBlock(block) => ("a filter block", block.span().start_line),
            Stmt::Do(call) => ("do", call.span().start_line),
        };
        Err(format!("line {line}: {what} is not offered here; if, for, set and with are"))
    }

    fn expression(&mut self, expression: &'a ast::Expr<'a>) -> Result<(), String> {
        use ast::Expr;
        match expression {
            Expr::Var(_) | Expr::Const(_) => {}
            Expr::GetAttr(get) => self.expressions.push(&get.expr),
            Expr::GetItem(get) => self.expressions.extend([&get.expr, &get.subscript_expr]),
            Expr::Slice(slice) => {
                self.expressions.push(&slice.expr);
                let bounds = slice.start.iter().chain(&slice.stop).chain(&slice.step);
                self.expressions.extend(bounds);
            }
            Expr::UnaryOp(operation) => self.expressions.push(&operation.expr),
            Expr::BinOp(operation) => {
                operator(operation.op)?;
                self.expressions.extend([&operation.left, &operation.right]);
            }
            Expr::Compare(comparison) => {
                self.expressions.push(&comparison.expr);
                self.expressions.extend(comparison.ops.iter().map(|next| &next.expr));
            }
            Expr::IfExpr(choice) => {
                self.expressions.extend([&choice.test_expr, &choice.true_expr]);
                self.expressions.extend(&choice.false_expr);
            }
            Expr::Filter(filter) => {
                known("filter", filter.name, &filters::FILTERS)?;
                self.expressions.extend(&filter.expr);
                self.arguments(&filter.args)?;
            }
            Expr::Test(test) => {
                known("test", test.name, &filters::TESTS)?;
                self.expressions.push(&test.expr);
                self.arguments(&test.args)?;
            }
            Expr::List(list) => {
                // One list inside another, a few times over, has more items than anyone can compare.
                if !list.items.iter().all(|item| matches!(item, Expr::Const(_))) {
                    return Err("a list may hold texts and numbers alone".to_owned());
                }
            }
            Expr::Map(_) => return Err("an object is not offered here".to_owned()),
            Expr::Call(_) => return Err("there are no functions here, only filters".to_owned()),
        }
        Ok(())
    }

    fn arguments(&mut self, all: &'a [ast::CallArg<'a>]) -> Result<(), String> {
        use ast::CallArg;
        for argument in all {
            match argument {
                CallArg::Pos(value) | CallArg::Kwarg(_, value) => self.expressions.push(value),
                CallArg::PosSplat(_) | CallArg::KwargSplat(_) => {
                    return Err("arguments stand one by one".to_owned());
                }
            }
        }
        Ok(())
    }
}

fn operator(kind: ast::BinOpKind) -> Result<(), String> {
    use ast::BinOpKind::{
        Add, Concat, Div, Eq, FloorDiv, Gt, Gte, In, Lt, Lte, Mul, Ne, Pow, Rem, ScAnd, ScOr, Sub,
    };
    match kind {
        Eq | Ne | Lt | Lte | Gt | Gte | In | ScAnd | ScOr | Sub | Div | FloorDiv | Rem => Ok(()),
        Add | Concat | Mul | Pow => {
            Err("+, ~, * and ** are not offered here: write the parts one \
            after the other"
                .to_owned())
        }
    }
}

fn known(what: &str, name: &str, all: &[&str]) -> Result<(), String> {
    match all.contains(&name) {
        true => Ok(()),
        false => Err(format!("there is no {what} {name}; there are {}", all.join(", "))),
    }
}
