# Fails slow-reader. Its sends block.

from good import Server, main


class Faulty(Server):
    def send(self, client):
        client.connection.setblocking(True)
        client.connection.sendall(client.pending)
        client.connection.setblocking(False)
        client.pending.clear()


main(Faulty())
