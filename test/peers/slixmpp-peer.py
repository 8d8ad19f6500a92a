"""An XMPP client under remote control: commands as JSON lines on stdin, what happens as JSON lines on stdout.

Arguments: JID, password, host, port. Ends when stdin ends.
"""

import asyncio
import json
import sys
from xml.etree import ElementTree

import slixmpp
from slixmpp.stanza import Iq, Message, Presence

NO_NAMESPACE_NEEDED = ("body", "subject", "thread")


def tell(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


def described_error(stanza):
    if stanza["type"] != "error":
        return None
    error = stanza["error"]
    return {"type": error["type"], "condition": error["condition"], "text": error["text"], "by": error["by"]}


def described(stanza):
    fields = {name: str(stanza[name]) for name in ("from", "to", "id", "type", "lang")}
    if isinstance(stanza, Message):
        fields.update({name: stanza[name] for name in NO_NAMESPACE_NEEDED})
        fields["receipt"] = stanza["receipt"]
        fields["chatState"] = stanza["chat_state"]
    if isinstance(stanza, Presence):
        fields["status"] = stanza["status"]
    fields["error"] = described_error(stanza)
    fields["xml"] = str(stanza)
    return fields


class Client(slixmpp.ClientXMPP):
    def __init__(self, jid, password):
        super().__init__(jid, password)
        self["feature_mechanisms"].unencrypted_plain = True
        self["feature_mechanisms"].unencrypted_scram = True
        for plugin in ("xep_0030", "xep_0085", "xep_0184", "xep_0199", "xep_0280"):
            self.register_plugin(plugin)
        self["xep_0184"].auto_request = False
        self.add_event_handler("session_start", self.on_session_start)
        self.add_event_handler("failed_auth", lambda _: tell("failed", why="not authorized"))
        self.add_event_handler("connection_failed", lambda problem: tell("failed", why=str(problem)))
        self.add_event_handler("disconnected", lambda reason: tell("disconnected", why=str(reason)))
        self.add_filter("in", self.on_stanza)

    async def on_session_start(self, _event):
        await self.get_roster()
        self.send_presence()
        tell("online", jid=str(self.boundjid))

    def on_stanza(self, stanza):
        if isinstance(stanza, Message):
            tell("message", **described(stanza))
        elif isinstance(stanza, Presence):
            tell("presence", **described(stanza))
        return stanza

    def do_message(self, command):
        message = self.make_message(mto=command["to"], mtype=command.get("type", "chat"))
        for name in ("id", "thread", "subject", "lang"):
            if name in command:
                message[name] = command[name]
        if "body" in command:
            message["body"] = command["body"]
        if "chatState" in command:
            message["chat_state"] = command["chatState"]
        if command.get("requestReceipt"):
            message["request_receipt"] = True
        message.send()

    def do_presence(self, command):
        self.send_presence(pshow=command.get("show"), pstatus=command.get("status"), ptype=command.get("type"),
                           pto=command.get("to"), ppriority=command.get("priority"))

    async def do_carbons(self, _command):
        await self["xep_0280"].enable()
        tell("carbons")

    def do_receipts(self, command):
        self["xep_0184"].auto_ack = command["on"]

    def do_xml(self, command):
        ElementTree.fromstring(command["xml"])
        self.send_raw(command["xml"])


async def read_commands(client):
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=16 * 1024 * 1024)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        command = json.loads(line)
        done = getattr(client, "do_" + command["do"])(command)
        if done is not None:
            await done
    await client.disconnect(wait=2)


def main():
    jid, password, host, port = sys.argv[1:]
    client = Client(jid, password)
    client.connect((host, int(port)), disable_starttls=True)
    client.loop.run_until_complete(read_commands(client))


main()
