"""Writes docs/api.md, the reference of the API, from a descriptor set with source info: `make api-docs`.

It is ours because protoc-gen-doc leaves out the comments of oneofs, which say here what is required and who may see it, and the other generators
write HTML alone.
"""

import re
import sys

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorSet

PACKAGE = "datastore.v1"
HEADER = f"""<!-- Written by `make api-docs` from proto/; change the comments there. -->
# API reference

Package `{PACKAGE}`. The protos are in [proto/datastore/v1](../proto/datastore/v1); [grpcurl.md](grpcurl.md) has a session with every RPC.
"""
MESSAGE, ENUM, SERVICE = 4, 5, 6  # the numbers of their fields in FileDescriptorProto
FIELD, ONEOF = 2, 8  # in DescriptorProto
MEMBER = 2  # in EnumDescriptorProto and ServiceDescriptorProto


class Api:
    """The package: its services, messages and enums, and the comment of each part."""

    def __init__(self, files):
        self.services, self.messages, self.enums = [], {}, {}
        self.comments = {}
        for file in files:
            comments = {tuple(part.path): part.leading_comments for part in file.source_code_info.location}
            for index, service in enumerate(file.service):
                self.keep(service, comments, (SERVICE, index), [(MEMBER, service.method)])
                self.services.append(service)
            for index, message in enumerate(file.message_type):
                self.keep(message, comments, (MESSAGE, index), [(FIELD, message.field), (ONEOF, message.oneof_decl)])
                self.messages[message.name] = message
            for index, enum in enumerate(file.enum_type):
                self.keep(enum, comments, (ENUM, index), [(MEMBER, enum.value)])
                self.enums[enum.name] = enum
        self.reasons = {value.name.removeprefix("ERROR_REASON_") for value in self.enums["ErrorReason"].value[1:]}

    def keep(self, whole, comments, path, families):
        """Remembers the comment of a whole and of each of its parts; one without is a mistake that buf's lint finds too."""
        self.comments[whole.name] = comments[path]
        for number, parts in families:
            for index, part in enumerate(parts):
                self.comments[f"{whole.name}.{part.name}"] = comments[(*path, number, index)]

    def paragraphs(self, *names):
        """The comment of a whole, or of a part of it: its paragraphs, names of the API linked."""
        paragraphs = re.split(r"\n\s*\n", self.comments[".".join(names)].strip())
        return [self.linked(" ".join(lines.split())) for lines in paragraphs]

    def linked(self, text):
        """A text in which what the API has a section for is linked to it; examples are code."""
        text = re.sub(r" ?Example: (\{.*\})", r"<br>Example: `\1`", text)
        code, pieces = re.compile(r"(`[^`]*`)"), []
        for piece in code.split(text):
            is_code = piece.startswith("`")
            name = piece.strip("`").split(".")[0]
            if is_code and name in self.sections():
                pieces.append(f"[{piece}](#{name.lower()})")
            elif is_code:
                pieces.append(piece)
            else:
                pieces.append(re.sub(r"(?<![\w./])[A-Z][A-Za-z_]+(\.\w+)?", self.link, piece))
        return "".join(pieces)

    def link(self, match):
        """The link of a word, or the word."""
        word = match.group()
        if word in self.reasons:
            return f"[{word}](#{word.lower()})"
        name = word.split(".")[0]
        return f"[{word}](#{name.lower()})" if name in self.sections() else word

    def sections(self):
        """What has a heading of its own and is no ordinary word."""
        methods = [method.name for service in self.services for method in service.method]
        return {name for name in [*self.messages, *self.enums, *methods] if re.search(r"[a-z][A-Z]", name)} | {"Datastore"}

    def type_of(self, message, field):
        """A field's type, linked where it is ours."""
        nested = {inner.name: inner for inner in message.nested_type}
        name = field.type_name.split(".")[-1]
        if name in nested and nested[name].options.map_entry:
            key, value = (self.type_of(message, part) for part in nested[name].field)
            return f"map of {key} to {value}"
        if not name:
            name = FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()
        elif field.type_name == f".{PACKAGE}.{name}":
            name = f"[{name}](#{name.lower()})"
        else:
            name = field.type_name.removeprefix(".")
        is_list = field.label == FieldDescriptorProto.LABEL_REPEATED
        return f"repeated {name}" if is_list else name


def cell(paragraphs):
    """Paragraphs in the cell of a table."""
    return "<br>".join(paragraphs).replace("|", r"\|")


def fields(api, message):
    """The table of a message's fields; those of a oneof stand under it."""
    if not message.field:
        yield "It has no fields."
        return
    yield from ["| field | type | |", "|---|---|---|"]
    shown = None
    for field in message.field:
        oneof = message.oneof_decl[field.oneof_index] if field.HasField("oneof_index") else None
        if oneof is not None and oneof.name != shown:
            yield f"| one of: *{oneof.name}* | | {cell(api.paragraphs(message.name, oneof.name))} |"
        shown = oneof.name if oneof is not None else None
        mark = "– " if oneof is not None else ""
        yield f"| {mark}`{field.name}` | {api.type_of(message, field)} | {cell(api.paragraphs(message.name, field.name))} |"


def service_section(api, service):
    """A service: its comment, a list of its RPCs, and a section for each."""
    yield f"## {service.name}\n"
    yield "\n\n".join(api.paragraphs(service.name)) + "\n"
    yield from ["| RPC | |", "|---|---|"]
    for method in service.method:
        yield f"| [{method.name}](#{method.name.lower()}) | {cell(api.paragraphs(service.name, method.name)[:1])} |"
    for method in service.method:
        yield from method_section(api, service, method)


def method_section(api, service, method):
    """An RPC: what it takes and returns, its comment, and its request and response where nothing else has them."""
    types = [name.removeprefix(f".{PACKAGE}.").removeprefix(".") for name in (method.input_type, method.output_type)]
    takes, returns = (api.linked(name) for name in types)
    yield f"\n### {method.name}\n"
    yield f"{takes} → {'stream of ' if method.server_streaming else ''}{returns}\n"
    yield "\n\n".join(api.paragraphs(service.name, method.name))
    for name in types:
        if name in (f"{method.name}Request", f"{method.name}Response"):
            yield f"\n#### {name}\n"
            yield from fields(api, api.messages[name])


def message_section(api, message):
    """A message: its comment and its fields."""
    yield f"\n### {message.name}\n"
    yield "\n\n".join(api.paragraphs(message.name)) + "\n"
    yield from fields(api, message)


def enum_section(api, enum):
    """An enum: its comment and its values."""
    yield f"\n### {enum.name}\n"
    yield "\n\n".join(api.paragraphs(enum.name)) + "\n"
    yield from ["| value | number | |", "|---|---|---|"]
    for value in enum.value:
        reason = value.name.removeprefix("ERROR_REASON_")
        anchor = f'<a id="{reason.lower()}"></a>' if enum.name == "ErrorReason" and reason in api.reasons else ""
        yield f"| {anchor}`{value.name}` | {value.number} | {cell(api.paragraphs(enum.name, value.name))} |"


def page(api):
    """The lines of the page."""
    yield HEADER
    for service in api.services:
        yield from service_section(api, service)
    methods = {method.name for service in api.services for method in service.method}
    placed = {f"{method}{what}" for method in methods for what in ("Request", "Response")}
    yield "\n## Messages"
    for name, message in api.messages.items():
        if name not in placed:
            yield from message_section(api, message)
    yield "\n## Enums"
    for enum in api.enums.values():
        yield from enum_section(api, enum)


def main():
    """Reads the set that is named and prints the page."""
    with open(sys.argv[1], "rb") as file:
        described = FileDescriptorSet.FromString(file.read())
    files = [file for file in described.file if file.package == PACKAGE]
    print("\n".join(page(Api(files))))


main()
