// Names what in the given scripts a Safari of iOS 15 cannot read. Usage: node newer_syntax.js TYPESCRIPT FILE...
"use strict";

const { readFileSync } = require("node:fs");

const [compiler, ...files] = process.argv.slice(2);
const ts = require(compiler);
const found = [];

for (const file of files) {
	const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.ESNext, true, ts.ScriptKind.JS);
	const tell = (what, node) => found.push(`${file}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1} ${what}`);
	const look = (node) => {
		if (ts.isClassStaticBlockDeclaration(node)) tell("static block", node);
		if (ts.isDecorator(node)) tell("decorator", node);
		if (node.attributes && (ts.isImportDeclaration(node) || ts.isExportDeclaration(node))) tell("import attributes", node);
		if (ts.isVariableDeclarationList(node) && (node.flags & ts.NodeFlags.BlockScoped) === ts.NodeFlags.Using) tell("using", node);
		if (ts.isAwaitExpression(node) && !ts.findAncestor(node, ts.isFunctionLike)) tell("await outside of functions", node);
		if (ts.isRegularExpressionLiteral(node)) {
			const [, pattern, flags] = /^\/([^]*)\/(\w*)$/.exec(node.text);
			if (/[dv]/.test(flags)) tell(`flag of a pattern: ${flags}`, node);
			if (/\(\?<[=!]/.test(pattern)) tell("pattern that looks behind", node);
			if (/\(\?[a-z]*-?[a-z]*:/.test(pattern.replaceAll("(?:", ""))) tell("flags within a pattern", node);
		}
		ts.forEachChild(node, look);
	};
	look(source);
}
process.stdout.write(found.join("\n"));
