# Fails half. It closes at the end of the input, whatever is pending.

from good import Server, main


class Faulty(Server):
    def receive(self, client):
        super().receive(client)
        if client.ended:
            client.letters = ''
            client.pending.clear()

    def answer(self, client):
        super().answer(client)
        if not client.ended:
            self.selector.modify(client.connection, 3 if client.pending or client.letters else 1, client)


main(Faulty())
