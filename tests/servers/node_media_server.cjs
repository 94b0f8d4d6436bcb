// Runs node-media-server from the directory given, prints one line of JSON per event, ends cleanly at SIGTERM.
const [directory, settings] = process.argv.slice(2);
const NodeMediaServer = require(`${directory}/node_modules/node-media-server`);
const server = new NodeMediaServer(JSON.parse(settings));
const tell = (what) => console.log(`\n${JSON.stringify(what)}`);
server.on("postPublish", (session) => {
  tell({ event: "postPublish", app: session.streamApp, name: session.streamName, query: session.streamQuery });
  session.socket.on("close", () => tell({ event: "closed" }));
});
process.on("SIGTERM", () => server.stop());
server.run();
