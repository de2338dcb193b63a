"""How models meet: targets, joins, profiles; every annotation here is a string."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from loom.core.errors import DiagnosticError
from loom.core.model import BaseModel, Cardinality, ColumnField, ProjectionField, RelationField, inspect_model
from loom.core.projection import CountLoader, ExistsLoader, JoinFieldsLoader, relation_for


class Post(BaseModel):
    __tablename__ = "posts"
    id: int = ColumnField(primary_key=True, autoincrement=True)
    author_id: int = ColumnField(foreign_key="authors.id")
    editor_id: int | None = ColumnField(foreign_key="authors.id")
    author: Author = RelationField(foreign_key="authors.id", cardinality=Cardinality.MANY_TO_ONE)
    editor: Author | None = RelationField(
        foreign_key="authors.id", cardinality=Cardinality.MANY_TO_ONE, profiles=("full",)
    )
    comments: list[Comment] = RelationField(
        foreign_key="comments.post_id", cardinality=Cardinality.ONE_TO_MANY, profiles=("full",)
    )
    raw_comments: list[dict[str, Any]] = RelationField(
        foreign_key="comments.post_id", cardinality=Cardinality.ONE_TO_MANY, profiles=("raw",)
    )
    tags: list[Tag] = RelationField(
        foreign_key="post_id", secondary="post_tags", cardinality=Cardinality.MANY_TO_MANY, profiles=("full",)
    )
    raw_tags: list[dict[str, Any]] = RelationField(
        foreign_key="post_id", secondary="post_tags", cardinality=Cardinality.MANY_TO_MANY, profiles=("raw",)
    )
    summary: Summary | None = RelationField(
        foreign_key="post_id", cardinality=Cardinality.ONE_TO_ONE, profiles=("full",)
    )
    comment_count: int = ProjectionField(loader=CountLoader(lambda: Comment, via="comments"))


class Author(BaseModel):
    __tablename__ = "authors"
    id: int = ColumnField(primary_key=True, autoincrement=True)


class Comment(BaseModel):
    __tablename__ = "comments"
    id: int = ColumnField(primary_key=True, autoincrement=True)
    post_id: int = ColumnField(foreign_key="posts.id")
    body: str = ColumnField()


class Summary(BaseModel):
    __tablename__ = "summaries"
    id: int = ColumnField(primary_key=True, autoincrement=True)
    post_id: int = ColumnField(foreign_key="posts.id", unique=True)


class Tag(BaseModel):
    __tablename__ = "tags"
    id: int = ColumnField(primary_key=True, autoincrement=True)


class PostTag(BaseModel):
    __tablename__ = "post_tags"
    post_id: int = ColumnField(primary_key=True, foreign_key="posts.id")
    tag_id: int = ColumnField(primary_key=True, foreign_key="tags.id")


JOINS = [
    ("author", Author, ("author_id", "authors", "id")),
    ("editor", Author, ("editor_id", "authors", "id")),
    ("comments", Comment, ("id", "comments", "post_id")),
    ("raw_comments", Comment, ("id", "comments", "post_id")),
    ("summary", Summary, ("id", "summaries", "post_id")),
]


@pytest.mark.parametrize(("name", "target", "columns"), JOINS)
def test_a_relation_knows_the_columns_that_meet(name: str, target: type[Any], columns: tuple[str, str, str]) -> None:
    """Each cardinality is joined by the own column, the other table and its column."""
    relation = inspect_model(Post).relations[name]

    join = relation.join
    assert target is relation.target
    assert columns == (join.local_column, join.remote_table, join.remote_column)


@pytest.mark.parametrize("name", ["tags", "raw_tags"])
def test_a_many_to_many_goes_through_its_link_table(name: str) -> None:
    """The link's two columns are told apart by what they reference."""
    relation = inspect_model(Post).relations[name]

    join = relation.join
    assert (Tag, PostTag) == (relation.target, join.secondary_model)
    assert (
        join.local_column,
        join.secondary_table,
        join.secondary_local_column,
        join.secondary_remote_column,
        join.remote_table,
        join.remote_column,
    ) == ("id", "post_tags", "post_id", "tag_id", "tags", "id")


def test_profiles_are_those_anybody_lists() -> None:
    """The default profile comes first, the others are sorted."""
    info = inspect_model(Post)

    assert info.profiles == ("default", "full", "raw")
    assert [r.name for r in info.relations_in("default")] == ["author"]
    assert [p.name for p in info.projections_in("default")] == ["comment_count"]


def test_a_later_class_becomes_the_type_of_the_field() -> None:
    """Once inspected, a relation to a class declared later decodes to that class."""
    inspect_model(Post)

    post = msgspec.convert({"comments": [{"id": 1, "postId": 2, "body": "x"}]}, Post)

    assert [Comment(id=1, post_id=2, body="x")] == post.comments


def test_classes_of_a_function_find_each_other() -> None:
    """Of two later classes with one name the one declared beside the asking class is meant."""

    def declare() -> tuple[type[Any], type[Any]]:
        class Parent(BaseModel):
            __tablename__ = "parents"
            id: int = ColumnField(primary_key=True)
            children: list[Child] = RelationField(foreign_key="parent_id", cardinality=Cardinality.ONE_TO_MANY)

        class Child(BaseModel):
            __tablename__ = "children"
            id: int = ColumnField(primary_key=True)
            parent_id: int = ColumnField(foreign_key="parents.id")

        return Parent, Child

    def declare_another() -> type[Any]:
        class Child(BaseModel):
            __tablename__ = "children"
            id: int = ColumnField(primary_key=True)

        return Child

    parent, child = declare()
    another = declare_another()

    assert child is inspect_model(parent).relations["children"].target
    assert child is not another


def test_every_broken_relation_is_reported_at_once() -> None:
    """One error lists all of them with a hint."""

    class Broken(BaseModel):
        __tablename__ = "broken"
        id: int = ColumnField(primary_key=True)
        one: list[Comment] = RelationField(foreign_key="post_ids", cardinality=Cardinality.ONE_TO_MANY)
        two: Author = RelationField(foreign_key="authors.id", cardinality=Cardinality.MANY_TO_ONE)
        three: list[Tag] = RelationField(foreign_key="x", secondary="nowhere", cardinality=Cardinality.MANY_TO_MANY)

    with pytest.raises(DiagnosticError) as caught:
        inspect_model(Broken)

    assert [d.where for d in caught.value.diagnostics] == ["Broken > one", "Broken > two", "Broken > three"]
    assert caught.value.diagnostics[0].hint == "did you mean 'post_id'?"


LOADED = [
    (CountLoader(Comment, via="comments"), 2),
    (ExistsLoader(Comment, "comments"), True),
    (
        JoinFieldsLoader(model=lambda: Comment, value_columns=("id", "body"), via="comments"),
        [{"id": 1, "body": "a"}, {"id": 2, "body": "b"}],
    ),
    (ExistsLoader(Summary), False),
    (CountLoader(Tag, via="tags"), msgspec.UNSET),
]


@pytest.mark.parametrize(("loader", "expected"), LOADED)
def test_a_loader_computes_from_loaded_relations(loader: Any, expected: Any) -> None:
    """The value follows from the related objects; it is UNSET where they are not loaded."""
    post = Post(id=1, comments=[Comment(id=1, body="a"), Comment(id=2, body="b")], summary=None)

    assert expected == loader.load_from_object(post)


@pytest.mark.parametrize(
    ("loader", "message"),
    [
        (CountLoader(Post), "no relation to Post"),
        (CountLoader(Comment), "several relations to Comment"),
        (CountLoader(Comment, via="tags"), "no relation to Comment via 'tags'"),
    ],
)
def test_a_loader_needs_exactly_one_relation(loader: CountLoader, message: str) -> None:
    """None, or several without `via`, is a ValueError."""
    with pytest.raises(ValueError, match=message):
        relation_for(inspect_model(Post), loader)
