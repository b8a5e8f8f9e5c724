# Fails batch. It uses only the first letter of a receive.

from good import Server, main


class Faulty(Server):
    def receive(self, client):
        super().receive(client)
        client.letters = client.letters[:1]


main(Faulty())
