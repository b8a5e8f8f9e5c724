# Fails quiet. It greets its clients.

from good import Server, main


class Faulty(Server):
    def on_connect(self, client):
        client.connection.send(b'welcome\n')


main(Faulty())
