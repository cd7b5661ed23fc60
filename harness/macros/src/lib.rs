//! The `check` attribute. It turns a function of a suite into a registered
//! check: the id comes from the module path and the function's name, the
//! sources from the doc comment's quotes.

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::{format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Attribute, Error, Expr, Ident, ItemFn, Lit, Meta, Token, parenthesized};

/// Registers an `async fn(&Bed) -> Outcome` as a check.
///
/// ```text
/// /// Why it matters, in a sentence.
/// ///
/// /// > the sentence of the source
/// /// > — draft-httpauth-payment-00, "Caching"
/// #[check(must, needs(Charge), killed_by(StoresChallenges))]
/// async fn a_challenge_is_not_stored(bed: &Bed) -> Outcome { … }
/// ```
///
/// The level is `must`, `should` or `may`. Optional parts: `control` marks the
/// positive control of the module, without which its other checks decide
/// nothing; `profile(P)` limits the check to one dialect; `own_chain` gives it a
/// chain whose time it may change, `own_target` a target it may kill. Each
/// `#[case(name, value, …)]` below the attribute makes a check of its own, whose
/// values are the function's further arguments; `#[case(name, killed_by(F),
/// value)]` adds faults. A fault is named in camel case: `StoresChallenges` is
/// the reference target's `stores-challenges`.
#[proc_macro_attribute]
pub fn check(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let arguments = syn::parse_macro_input!(arguments as Arguments);
    let function = syn::parse_macro_input!(item as ItemFn);
    expand(&arguments, function).unwrap_or_else(Error::into_compile_error).into()
}

struct Arguments {
    level: Ident,
    control: bool,
    own_chain: bool,
    own_target: bool,
    needs: Vec<Ident>,
    profile: Option<Ident>,
    killed_by: Vec<Ident>,
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let level: Ident = input.parse()?;
        if !["must", "should", "may"].iter().any(|known| level == known) {
            return Err(Error::new(level.span(), "the level is must, should or may"));
        }
        let mut arguments = Self {
            level,
            control: false,
            own_chain: false,
            own_target: false,
            needs: Vec::new(),
            profile: None,
            killed_by: Vec::new(),
        };
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            let word: Ident = input.parse()?;
            match word.to_string().as_str() {
                "control" => arguments.control = true,
                "own_chain" => arguments.own_chain = true,
                "own_target" => arguments.own_target = true,
                "needs" => arguments.needs = names(input)?,
                "profile" => arguments.profile = names(input)?.pop(),
                "killed_by" => arguments.killed_by = names(input)?,
                _ => {
                    return Err(Error::new(
                        word.span(),
                        "control, own_chain, own_target, needs, profile or killed_by",
                    ));
                }
            }
        }
        Ok(arguments)
    }
}

struct Case {
    name: Ident,
    killed_by: Vec<Ident>,
    values: Vec<Expr>,
}

impl Parse for Case {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.parse()?;
        input.parse::<Token![,]>()?;
        let mut killed_by = Vec::new();
        if input.peek(Ident) && input.fork().parse::<Ident>()? == "killed_by" {
            input.parse::<Ident>()?;
            killed_by = names(input)?;
            input.parse::<Token![,]>()?;
        }
        let values = Punctuated::<Expr, Token![,]>::parse_terminated(input)?.into_iter().collect();
        Ok(Self { name, killed_by, values })
    }
}

fn names(input: ParseStream<'_>) -> syn::Result<Vec<Ident>> {
    let content;
    parenthesized!(content in input);
    Ok(Punctuated::<Ident, Token![,]>::parse_terminated(&content)?.into_iter().collect())
}

fn expand(arguments: &Arguments, mut function: ItemFn) -> syn::Result<Tokens> {
    let cases = function
        .attrs
        .extract_if(.., |attribute| attribute.path().is_ident("case"))
        .map(|attribute| attribute.parse_args::<Case>())
        .collect::<syn::Result<Vec<_>>>()?;
    let Doc { sources, explanation } = Doc::read(&function.attrs)?;
    if sources.is_empty() {
        let message = "a check quotes its source: `> sentence`, then `> — document, \"section\"`";
        return Err(Error::new(function.sig.ident.span(), message));
    }
    let registrations = if cases.is_empty() {
        vec![registration(arguments, &function, None, &sources, &explanation)]
    } else {
        let register =
            |case| registration(arguments, &function, Some(case), &sources, &explanation);
        cases.iter().map(register).collect()
    };
    Ok(quote! { #function #(#registrations)* })
}

fn registration(
    arguments: &Arguments,
    function: &ItemFn,
    case: Option<&Case>,
    sources: &[(String, String)],
    explanation: &str,
) -> Tokens {
    let function = &function.sig.ident;
    let name = function.to_string();
    let level = format_ident!("{}", capitalized(&arguments.level.to_string()));
    let Arguments { control, own_chain, own_target, .. } = arguments;
    let needs = &arguments.needs;
    let profile = match &arguments.profile {
        Some(profile) => quote! { Some(::conform402_runner::Profile::#profile) },
        None => quote! { None },
    };
    let case_faults = case.map(|case| case.killed_by.as_slice()).unwrap_or_default();
    let faults =
        arguments.killed_by.iter().chain(case_faults).map(|fault| kebab(&fault.to_string()));
    let quotes = sources.iter().map(|(quote, _)| quote);
    let documents = sources.iter().map(|(_, document)| document);
    let (case_name, call) = match case {
        None => (quote! { None }, quote! { #function(bed) }),
        Some(Case { name, values, .. }) => {
            let name = name.to_string();
            (quote! { Some(#name) }, quote! { #function(bed, #(#values),*) })
        }
    };
    quote! {
        ::conform402_runner::inventory::submit! {
            ::conform402_runner::Check {
                module: module_path!(),
                name: #name,
                case: #case_name,
                level: ::conform402_runner::Level::#level,
                is_control: #control,
                own_chain: #own_chain,
                own_target: #own_target,
                needs: &[#(::conform402_runner::Capability::#needs),*],
                profile: #profile,
                killed_by: &[#(#faults),*],
                sources: &[#(::conform402_runner::Source {
                    quote: #quotes,
                    document: #documents,
                }),*],
                explanation: #explanation,
                run: |bed| ::std::boxed::Box::pin(#call),
            }
        }
    }
}

struct Doc {
    sources: Vec<(String, String)>,
    explanation: String,
}

impl Doc {
    /// Lines `> …` are a quote, `> — …` the document that ends it, and all
    /// other text explains.
    fn read(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut doc = Self { sources: Vec::new(), explanation: String::new() };
        let mut quote = String::new();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("doc")) {
            let Meta::NameValue(pair) = &attribute.meta else { continue };
            let Expr::Lit(literal) = &pair.value else { continue };
            let Lit::Str(line) = &literal.lit else { continue };
            let line = line.value();
            let line = line.trim();
            if let Some(document) = line.strip_prefix("> — ") {
                if quote.is_empty() {
                    return Err(Error::new(attribute.span(), "a document without a quote"));
                }
                doc.sources.push((std::mem::take(&mut quote), document.to_owned()));
            } else if let Some(sentence) = line.strip_prefix('>') {
                append(&mut quote, sentence.trim());
            } else {
                append(&mut doc.explanation, line);
            }
        }
        if quote.is_empty() {
            Ok(doc)
        } else {
            Err(Error::new(attributes[0].span(), format!("a quote without its document: {quote}")))
        }
    }
}

fn append(text: &mut String, line: &str) {
    if !text.is_empty() && !line.is_empty() {
        text.push(' ');
    }
    text.push_str(line);
}

fn capitalized(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}

/// `AnswersWith401` is `answers-with-401`.
fn kebab(camel: &str) -> String {
    let mut kebab = String::new();
    let mut last = '-';
    for c in camel.chars() {
        let begins_number = c.is_ascii_digit() && !last.is_ascii_digit();
        if (c.is_uppercase() || begins_number) && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.extend(c.to_lowercase());
        last = c;
    }
    kebab
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn faults_are_named_in_kebab_case() {
        assert_eq!(kebab("StoresChallenges"), "stores-challenges");
        assert_eq!(kebab("AnswersUnpaidWith401"), "answers-unpaid-with-401");
    }

    #[test]
    fn quotes_become_sources_and_the_rest_explains() {
        let function: ItemFn = parse_quote! {
            /// Why it
            /// matters.
            ///
            /// > A server
            /// > MUST.
            /// > — draft-x, "Section"
            async fn check() {}
        };
        let doc = Doc::read(&function.attrs).unwrap();
        assert_eq!(doc.explanation, "Why it matters.");
        assert_eq!(doc.sources, [("A server MUST.".into(), "draft-x, \"Section\"".into())]);
    }

    #[test]
    fn a_check_without_source_or_with_half_a_quote_is_refused() {
        let arguments: Arguments = parse_quote!(must, needs(Charge), killed_by(Fault));
        let unsourced: ItemFn = parse_quote! { async fn check() {} };
        let half: ItemFn = parse_quote! {
            /// > A server MUST.
            async fn check() {}
        };
        assert!(expand(&arguments, unsourced).is_err());
        assert!(expand(&arguments, half).is_err());
    }
}
