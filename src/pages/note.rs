//! Pages of one sentence: what went wrong, and what to do next.

use askama::Template;
use http::{Method, StatusCode};

use super::answer;
use crate::serve::respond::reply::Reply;

#[derive(Template)]
#[template(path = "note.html")]
struct Note<'a> {
    here: &'static str,
    title: &'static str,
    sentence: &'a str,
}

fn note(method: &Method, status: StatusCode, title: &'static str, sentence: &str) -> Reply {
    let note = Note {
        here: "",
        title,
        sentence,
    };
    answer::status(status, answer::page(method, &note))
}

pub(super) fn unknown(method: &Method) -> Reply {
    note(
        method,
        StatusCode::NOT_FOUND,
        "Nothing is here",
        "There is no such page, or no such feed any more.",
    )
}

pub(super) fn method(method: &Method) -> Reply {
    note(
        method,
        StatusCode::METHOD_NOT_ALLOWED,
        "Not this way",
        "This address is asked in another way (GET or POST).",
    )
}

pub(super) fn wrong_name(method: &Method) -> Reply {
    note(
        method,
        StatusCode::MISDIRECTED_REQUEST,
        "Not under this name",
        "These pages answer to literal addresses, local names and the host of server.public_url. If this name is \
         yours, add it to admin.hosts in the settings.",
    )
}

pub(super) fn from_elsewhere(method: &Method) -> Reply {
    note(
        method,
        StatusCode::FORBIDDEN,
        "Not from there",
        "A page of another site tried to change something here. Nothing was changed.",
    )
}

pub(super) fn form(method: &Method) -> Reply {
    note(
        method,
        StatusCode::BAD_REQUEST,
        "The form did not arrive",
        "It was too large or broke off: go back and try again.",
    )
}

pub(super) fn not_stored(method: &Method) -> Reply {
    note(
        method,
        StatusCode::NOT_FOUND,
        "Nothing is stored yet",
        "This feed has not been fetched, or its origin never gave a usable answer.",
    )
}

pub(super) fn faulty(method: &Method, fault: &str) -> Reply {
    note(
        method,
        StatusCode::UNPROCESSABLE_ENTITY,
        "The settings in force stay",
        fault,
    )
}
