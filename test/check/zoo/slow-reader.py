# Fails slow-reader. Its sends block.

import good

good.MAX_PENDING = 1 << 30  # all replies in one send, of which only a part has room


class Faulty(good.Server):
    def send(self, client):
        client.connection.setblocking(True)
        client.connection.sendall(client.pending)
        client.connection.setblocking(False)
        client.pending.clear()


good.main(Faulty())
