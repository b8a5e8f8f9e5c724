# Fails batch. It uses only the first letter of a receive.

from good import Server, main


class Faulty(Server):
    def receive(self, client):
        super().receive(client)
        if '\n' not in client.letters:
            client.letters = client.letters[:1]


main(Faulty())
