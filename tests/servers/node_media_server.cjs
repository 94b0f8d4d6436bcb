// Runs node-media-server from the directory given, prints one line of JSON per event, ends cleanly at SIGTERM.
const [directory, settings] = process.argv.slice(2);
const NodeMediaServer = require(`${directory}/node_modules/node-media-server`);
const server = new NodeMediaServer(JSON.parse(settings));
for (const event of ["postPublish", "donePublish"]) {
  server.on(event, (session) =>
    console.log(`\n${JSON.stringify({ event, app: session.streamApp, name: session.streamName, query: session.streamQuery })}`));
}
process.on("SIGTERM", () => server.stop());
server.run();
