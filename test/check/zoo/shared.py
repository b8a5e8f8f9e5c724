# Fails shared. Each client has a string of its own.

from good import Server, main


class Faulty(Server):
    def on_connect(self, client):
        client.text = bytearray()

    def store(self, client, letter):
        client.text += letter.encode()

    def reply(self, client, letter):
        client.pending += client.text


main(Faulty())
