# Fails batch. It takes what one receive brings for one letter.

from good import Server, main


class Faulty(Server):
    def receive(self, client):
        super().receive(client)
        if len(client.letters) > 1:
            first, client.letters = client.letters, ''
            for letter in first:
                self.store(client, letter)
            self.reply(client, first)


main(Faulty())
