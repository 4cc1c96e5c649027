//! The checker finds what is wrong in small histories, and nothing in those that are right.

use super::checker::{Call, check};
use super::model::{Operation, Refusal, Shown};

fn shown(version: &str, etag: &str, link: Option<usize>) -> Shown {
    Shown {
        version: version.into(),
        etag: etag.into(),
        link,
    }
}

fn call((began, ended): (usize, usize), operation: Operation) -> Call {
    Call {
        began,
        ended,
        operation,
    }
}

fn create(when: (usize, usize), at: usize, version: &str) -> Call {
    let answer = Ok(shown(version, version, None));
    call(when, Operation::Create(at, version.to_owned(), answer))
}

fn update(when: (usize, usize), version: &str, etag: &str) -> Call {
    let answer = Ok(shown(version, version, None));
    call(
        when,
        Operation::Update(0, version.to_owned(), etag.to_owned(), answer),
    )
}

fn get(when: (usize, usize), version: &str) -> Call {
    call(when, Operation::Get(0, Ok(shown(version, version, None))))
}

#[test]
fn calls_at_once_may_take_effect_in_any_order() {
    for seen in ["a", "b"] {
        check(&[
            create((0, 1), 0, "a"),
            update((2, 5), "b", ""),
            get((3, 4), seen),
            get((6, 7), "b"),
        ])
        .unwrap();
    }
    // An answer may come late, long after others have seen the effect.
    check(&[
        create((0, 1), 0, "a"),
        update((2, 9), "b", ""),
        get((3, 4), "b"),
        get((5, 6), "b"),
    ])
    .unwrap();
}

#[test]
fn a_read_of_what_has_been_overwritten_is_found() {
    let stale = check(&[
        create((0, 1), 0, "a"),
        update((2, 3), "b", ""),
        get((4, 5), "a"),
    ]);
    let said = stale.unwrap_err();
    assert!(
        said.starts_with("no order explains Call { began: 4"),
        "{said}"
    );
}

#[test]
fn a_read_that_goes_back_behind_another_is_found() {
    check(&[
        create((0, 1), 0, "a"),
        update((2, 9), "b", ""),
        get((3, 4), "b"),
        get((5, 6), "a"),
    ])
    .unwrap_err();
}

#[test]
fn two_updates_that_both_found_the_same_etag_are_found() {
    check(&[
        create((0, 1), 0, "a"),
        update((2, 5), "b", "a"),
        update((3, 4), "c", "a"),
    ])
    .unwrap_err();
    check(&[
        create((0, 1), 0, "a"),
        update((2, 5), "b", "a"),
        update((3, 4), "c", "b"),
    ])
    .unwrap();
}

#[test]
fn two_creates_of_one_name_are_found_and_an_effect_of_a_refusal_too() {
    check(&[create((0, 2), 0, "a"), create((1, 3), 0, "b")]).unwrap_err();
    let refused = |version: &str| Operation::Create(0, version.to_owned(), Err(Refusal::Taken));
    check(&[
        create((0, 1), 0, "a"),
        call((2, 3), refused("b")),
        get((4, 5), "b"),
    ])
    .unwrap_err();
    check(&[
        create((0, 1), 0, "a"),
        call((2, 3), refused("b")),
        get((4, 5), "a"),
    ])
    .unwrap();
}

#[test]
fn a_link_to_what_is_gone_is_found() {
    let linked = Ok(shown("a", "c", Some(3)));
    let history = |deleted: Result<(), Refusal>| {
        vec![
            create((0, 1), 0, "a"),
            create((2, 3), 3, "b"),
            call((4, 7), Operation::Link(0, 3, linked.clone())),
            call((5, 6), Operation::Delete(3, deleted)),
            call((8, 9), Operation::Get(0, linked.clone())),
        ]
    };
    check(&history(Ok(()))).unwrap_err();
    check(&history(Err(Refusal::InUse))).unwrap();
}
