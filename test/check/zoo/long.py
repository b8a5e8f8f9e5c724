# Fails long. It takes for granted that send() sends everything.

from good import Server, main


class Faulty(Server):
    def send(self, client):
        super().send(client)
        client.pending.clear()


main(Faulty())
