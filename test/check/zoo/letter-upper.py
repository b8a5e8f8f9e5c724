# Fails letter. It changes the letters.

from good import Server, main


class Faulty(Server):
    def store(self, client, letter):
        super().store(client, chr(ord(letter) ^ 1))


main(Faulty())
