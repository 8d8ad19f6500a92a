"""Linphone's own library under remote control: commands as JSON lines on stdin, what happens as JSON lines on stdout.

Arguments: folder for its files, AOR, password, proxy URI, transport (udp, tcp or tls), format of what it sends (plain or
cpim). Ends when stdin ends.
"""

import ctypes
import glob
import json
import os
import select
import sys

ITERATE_EVERY_S = 0.02
ENDING_S = 3.0

REGISTRATION_STATES = ("none", "progress", "registered", "cleared", "failed", "refreshing")
MESSAGE_STATES = ("idle", "in-progress", "delivered", "not-delivered", "file-transfer-error", "file-transfer-done",
                  "delivered-to-user", "displayed", "file-transfer-in-progress", "pending-delivery")
LOG_LEVEL_FATAL = 1 << 5
RANDOM_PORT = -1
NO_PORT = 0


def tell(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


def load_library():
    found = sorted(glob.glob("/usr/lib/*/liblinphone.so.*") + glob.glob("/usr/lib/liblinphone.so.*"))
    if not found:
        sys.exit("liblinphone is not installed")
    return ctypes.CDLL(found[-1])


library = load_library()
POINTERS = {"factory_get", "factory_create_core_3", "factory_create_core_cbs", "factory_create_transports",
            "factory_create_auth_info", "factory_create_address", "factory_create_chat_room_cbs",
            "core_create_account_params", "core_create_account", "core_get_chat_room",
            "chat_room_create_message_from_utf8", "chat_message_get_from_address", "chat_message_get_chat_room", "chat_message_ref"}
STRINGS = {"chat_message_get_utf8_text", "chat_message_get_content_type", "chat_message_get_message_id",
           "chat_message_get_custom_header"}


def call(name, *arguments):
    """Calls linphone_<name>; text goes in and comes out as UTF-8."""
    function = getattr(library, "linphone_" + name)
    if name in POINTERS:
        function.restype = ctypes.c_void_p
    elif name in STRINGS:
        function.restype = ctypes.c_char_p
    elif name == "chat_message_get_time":
        function.restype = ctypes.c_long
    result = function(*(native(argument) for argument in arguments))
    return result.decode("utf-8", "replace") if isinstance(result, bytes) else result


def native(argument):
    if isinstance(argument, str):
        return argument.encode()
    if isinstance(argument, int) and not isinstance(argument, bool) and argument > 0xFFFF:
        return ctypes.c_void_p(argument)
    return argument


def address_text(address):
    function = library.linphone_address_as_string_uri_only
    function.restype = ctypes.c_void_p
    return ctypes.cast(function(ctypes.c_void_p(address)), ctypes.c_char_p).value.decode()


class Linphone:
    def __init__(self, folder, aor, password, proxy, transport, message_format):
        os.environ["HOME"] = folder
        os.makedirs(os.path.join(folder, ".local/share/linphone"), exist_ok=True)  # without its database it dies
        self.sent = {}  # id given by the test -> [message, last state told]
        self.received = {}
        self.rooms = set()
        self.kept = []  # callbacks must outlive their registration
        library.linphone_core_set_log_level(LOG_LEVEL_FATAL)
        self.factory = call("factory_get")
        self.core = call("factory_create_core_3", self.factory, os.path.join(folder, "linphonerc"), None, None)
        self.listen(transport)
        self.watch()
        call("core_start", self.core)
        call("core_set_network_reachable", self.core, 1)  # its own test asks for a way out of the loopback
        self.register(aor, password, proxy, transport, message_format)

    def listen(self, transport):
        transports = call("factory_create_transports", self.factory)
        for name in ("udp", "tcp", "tls"):
            call(f"transports_set_{name}_port", transports, RANDOM_PORT if name == transport else NO_PORT)
        call("core_set_transports", self.core, transports)

    def watch(self):
        callbacks = call("factory_create_core_cbs", self.factory)
        pointer = ctypes.c_void_p
        registration = ctypes.CFUNCTYPE(None, pointer, pointer, ctypes.c_int, ctypes.c_char_p)(self.on_registration)
        message = ctypes.CFUNCTYPE(None, pointer, pointer, pointer)(self.on_message)
        self.kept += [registration, message]
        library.linphone_core_cbs_set_account_registration_state_changed(pointer(callbacks), registration)
        library.linphone_core_cbs_set_message_received(pointer(callbacks), message)
        call("core_add_callbacks", self.core, callbacks)

    def register(self, aor, password, proxy, transport, message_format):
        user, domain = aor.split("@")
        call("core_add_auth_info", self.core,
             call("factory_create_auth_info", self.factory, user, None, password, None, None, domain))
        params = call("core_create_account_params", self.core)
        call("account_params_set_identity_address", params, self.address(f"sip:{aor}"))
        call("account_params_set_server_address", params, self.address(f"<{proxy};transport={transport}>"))
        call("account_params_set_register_enabled", params, 1)
        call("account_params_set_outbound_proxy_enabled", params, 1)
        call("account_params_enable_cpim_in_basic_chat_room", params, int(message_format == "cpim"))
        self.account = call("core_create_account", self.core, params)
        call("core_add_account", self.core, self.account)
        call("core_set_default_account", self.core, self.account)

    def address(self, text):
        address = call("factory_create_address", self.factory, text)
        if not address:
            raise ValueError(f"not a SIP address: {text}")
        return address

    def on_registration(self, _core, _account, state, message):
        tell("registration", state=REGISTRATION_STATES[state], text=(message or b"").decode())

    def on_message(self, _core, _room, message):
        identifier = call("chat_message_get_message_id", message)
        self.received[identifier] = call("chat_message_ref", message)
        tell("message", id=identifier, **{"from": address_text(call("chat_message_get_from_address", message))},
             text=call("chat_message_get_utf8_text", message), contentType=call("chat_message_get_content_type", message),
             time=call("chat_message_get_time", message),
             subject=call("chat_message_get_custom_header", message, "Subject"),
             language=call("chat_message_get_custom_header", message, "Content-Language"))

    def room(self, peer):
        """The conversation with this address, as if its window were open."""
        room = call("core_get_chat_room", self.core, self.address(peer))
        if room not in self.rooms:
            self.rooms.add(room)
            pointer = ctypes.c_void_p
            composing = ctypes.CFUNCTYPE(None, pointer, pointer, ctypes.c_int)(self.on_composing)
            self.kept.append(composing)
            callbacks = call("factory_create_chat_room_cbs", self.factory)
            library.linphone_chat_room_cbs_set_is_composing_received(pointer(callbacks), composing)
            call("chat_room_add_callbacks", room, callbacks)
        return room

    def on_composing(self, _room, peer, active):
        tell("composing", **{"from": address_text(peer)}, active=bool(active))

    def do_compose(self, command):
        """A key is pressed in the field for the text of the next message."""
        call("chat_room_compose", self.room(command["to"]))

    def do_send(self, command):
        message = call("chat_room_create_message_from_utf8", self.room(command["to"]), command["text"])
        for name, value in command.get("headers", {}).items():
            call("chat_message_add_custom_header", message, name, value)
        self.sent[command["id"]] = [message, None]
        call("chat_message_send", message)

    def do_read(self, command):
        """Marks a conversation as read, upon which Linphone sends a "displayed" notification."""
        call("chat_room_mark_as_read", call("chat_message_get_chat_room", self.received[command["id"]]))

    def iterate(self):
        call("core_iterate", self.core)
        for identifier, entry in self.sent.items():
            state = call("chat_message_get_state", entry[0])
            if state != entry[1]:
                entry[1] = state
                tell("sent", id=identifier, state=MESSAGE_STATES[state] if state < len(MESSAGE_STATES) else str(state))

    def end(self):
        call("core_stop", self.core)  # unregisters


def commands_waiting(rest, timeout_s):
    """The lines that have come on stdin and what has come of the next; None for that at its end."""
    if not select.select([sys.stdin], [], [], timeout_s)[0]:
        return [], rest
    chunk = os.read(sys.stdin.fileno(), 65536)  # past Python's own buffer, which select does not see
    if not chunk:
        return [], None
    *lines, rest = (rest + chunk).split(b"\n")
    return [json.loads(line) for line in lines], rest


def main():
    linphone = Linphone(*sys.argv[1:])
    rest = b""
    while rest is not None:
        linphone.iterate()
        commands, rest = commands_waiting(rest, ITERATE_EVERY_S)
        for command in commands:
            getattr(linphone, "do_" + command["do"])(command)
    linphone.end()


main()
