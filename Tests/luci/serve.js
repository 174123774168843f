'use strict';
// Starts a headless Chromium and serves LuCI's app to it, with a stand-in for LuCI: node serve.js ROOT PROGRAMS FOLDER.
// ROOT is the repository, FOLDER a folder for temporary files. Programs, plugin and rights are real. All checks must
// hold; with TESTS=all, the checks must find each planted fault.
const fs = require('fs'), http = require('http'), path = require('path');
const { spawn, spawnSync } = require('child_process');
const [ root, programs, folder ] = process.argv.slice(2);
const faults = process.env.TESTS == 'all' ? require('./faults.js') : [];
const environment = { ...process.env, PATH: `${programs}:/usr/sbin:/usr/bin:/sbin:/bin` };
const plugin = 'usr/libexec/rpcd/dhcp-hook';

function make(variant) {
	const place = `${folder}/${variant}`;
	const app = `${root}/Sources/router/luci-app-dhcp-hook`;
	fs.cpSync(`${app}/root`, place, { recursive: true });
	fs.cpSync(`${app}/htdocs`, `${place}/www`, { recursive: true });
	fs.mkdirSync(path.dirname(`${place}/${plugin}`), { recursive: true });
	fs.copyFileSync(`${root}/Sources/router/rpcd/dhcp-hook`, `${place}/${plugin}`);
	if (variant == 0) return place;
	const [ file, before, after ] = faults[variant - 1];
	const text = fs.readFileSync(`${place}/${file}`, 'utf8');
	if (text.split(before).length != 2) throw new Error(`${file}: does not have '${before}' exactly once`);
	fs.writeFileSync(`${place}/${file}`, text.replace(before, () => after));
	return place;
}

// Checks without a browser: the menu, the rights, and the methods that the views call.
const datatypes = [ 'and', 'float', 'hostname', 'host', 'integer', 'ipaddr', 'macaddr', 'max', 'min', 'or', 'range', 'string', 'ufloat', 'uinteger' ];
function look(place) {
	const read = name => fs.readFileSync(`${place}/${name}`, 'utf8');
	const fail = what => { throw new Error(what); };
	const acls = JSON.parse(read('usr/share/rpcd/acl.d/luci-app-dhcp-hook.json'));
	const [ name ] = Object.keys(acls);
	const rights = acls[name];
	const listed = spawnSync(`${place}/${plugin}`, [ 'list' ], { encoding: 'utf8' });
	const methods = Object.keys(JSON.parse(listed.stdout));
	const granted = [ 'read', 'write' ].flatMap(right => rights[right].ubus['dhcp-hook']);
	if (granted.slice().sort().join() != methods.slice().sort().join()) fail(`rights: ${granted}, methods: ${methods}`);
	for (const method of rights.read.ubus['dhcp-hook'])
		if (![ 'status', 'aliases', 'presence', 'leases', 'check' ].includes(method)) fail(`a reader may ${method}`);
	for (const right of [ 'read', 'write' ])
		if (Object.keys(rights[right]).sort().join() != 'ubus,uci' || Object.keys(rights[right].ubus).join() != 'dhcp-hook'
			|| rights[right].uci.join() != (right == 'read' ? 'debounced,dhcp' : 'debounced')) fail(`more rights than wanted: ${right}`);
	if (!/root/.test(rights.description)) fail('the description does not say that write access means root access');
	for (const [ entry, { title, action, depends } ] of Object.entries(JSON.parse(read('usr/share/luci/menu.d/luci-app-dhcp-hook.json')))) {
		if (!entry.startsWith('admin/services/dhcp-hook') || !title) fail(`menu: ${entry}`);
		if (action.type == 'view' && !fs.existsSync(`${place}/www/luci-static/resources/view/${action.path}.js`)) fail(`menu: no ${action.path}`);
		for (const acl of depends?.acl ?? []) if (acl != name) fail(`menu: no rights ${acl}`);
		if (depends?.uci) fail('menu: the settings file may be missing');
		for (const file of Object.keys(depends?.fs ?? {})) if (!fs.existsSync(place + file)) fail(`menu: no ${file}`);
	}
	for (const file of fs.readdirSync(`${place}/www`, { recursive: true }).filter(each => each.endsWith('.js'))) {
		const text = read(`www/${file}`);
		const program = `${folder}/check.js`;
		fs.writeFileSync(program, `(function() {${text}\n});`);
		const checked = spawnSync(process.execPath, [ '--check', program ], { encoding: 'utf8' });
		if (checked.status != 0) fail(`${file}: ${checked.stderr}`);
		for (const [ , type ] of text.matchAll(/datatype = '(\w+)/g)) if (!datatypes.includes(type)) fail(`${file}: no datatype ${type}`);
		for (const [ , method ] of text.matchAll(/method: '(\w+)'/g)) if (!granted.includes(method)) fail(`${file}: no right to ${method}`);
	}
	return rights;
}

const rights = {}, calls = {};
function ubus(variant, user, { object, method, input }) {
	const allowed = user == 'writer' ? [ 'read', 'write' ] : [ 'read' ];
	if (!allowed.some(right => [ '*', method ].some(each => rights[variant][right].ubus[object]?.includes(each))))
		return { error: 'Access denied' };
	(calls[variant] ??= []).push([ method, input ]);
	const answer = spawnSync(`${folder}/${variant}/${plugin}`, [ 'call', method ],
		{ input: JSON.stringify({ ...input, ubus_rpc_session: '0'.repeat(32) }), encoding: 'utf8', env: environment });
	return { result: JSON.parse(answer.stdout) };
}

// Removes a request that an earlier test left, and waits until the job is idle.
function reset() {
	const run = (program, ...words) => spawnSync(program, words, { encoding: 'utf8', env: environment });
	run('cname-updater', 'cancel', 'other');
	for (let tries = 0; tries < 500; tries++)
		if (JSON.parse(run('debounced', 'status', '--json', 'other').stdout).jobs[0].state == 'idle') return;
	throw new Error('the job does not come to rest');
}

// Returns whether the programs accept a file with these sections.
function verdict(sections) {
	const quoted = value => `'${value.replace(/'/g, "'\\''")}'`;
	const file = `${folder}/verdict`;
	fs.writeFileSync(file, sections.map(({ '.type': type, '.name': name, ...options }) =>
		// The option `name` takes the place of a section's name.
		`config ${type} ${/^cfg/.test(name) ? '' : quoted(name)}\n${Object.entries(options).map(([ option, value ]) => [ value ].flat()
			.map(each => `\t${Array.isArray(value) ? 'list' : 'option'} ${option} ${quoted(each)}\n`).join('')).join('')}`).join('\n'));
	return spawnSync(`${programs}/debounced`, [ 'check', '--config', file ], { env: environment }).status == 0;
}

// Returns the options that the programs list as known.
function options() {
	return Object.fromEntries([ 'job', 'cname', 'updater' ].map(type => {
		fs.writeFileSync(`${folder}/options`, `config ${type} x\n\toption none 1\n\tlist target y\n`);
		const { stderr } = spawnSync(`${programs}/debounced`, [ 'check', '--config', `${folder}/options` ], { encoding: 'utf8', env: environment });
		return [ type, stderr.match(/'none' is left out: known are (.*)/)[1].split(', ') ];
	}));
}

// Returns the reasons in the manual.
function reasons() {
	const [ , words ] = fs.readFileSync(`${root}/Sources/cname-updater/README.md`, 'utf8').match(/"reason": "([^"]+)"/);
	return words.split(' | ');
}

function answer(url, body) {
	const [ variant, user ] = [ url.searchParams.get('variant'), url.searchParams.get('user') ];
	switch (url.pathname) {
	case '/ubus': return ubus(variant, user, body);
	case '/calls': return calls[variant] ?? [];
	case '/reset': return reset();
	case '/verdicts': return body.map(verdict);
	case '/options': return options();
	case '/reasons': return reasons();
	case '/end': return held.end();
	}
}

// The browser tests only the faults that are left.
const found = {};
const left = [];
for (let variant = 0; variant <= faults.length; variant++) {
	const place = make(variant);
	try {
		rights[variant] = look(place);
		left.push(variant);
	} catch (fault) {
		if (variant == 0) throw fault;
		found[variant] = fault.message;
	}
}

// Chromium prints the page when the page and its picture are loaded, so the server holds the picture back until the
// end.
let held;
const frames = `<!DOCTYPE html><body><img src="/held"><div></div><script>
(async () => {
	const outcomes = {};
	const place = document.querySelector('div');
	for (const variant of ${JSON.stringify(left)}) {
		outcomes[variant] = { faults: [], results: [] };
		for (const user of [ 'reader', 'writer' ]) {
			if (outcomes[variant].faults.length && variant) continue;
			const frame = document.createElement('iframe');
			frame.style = 'width: 1200px; height: 800px';
			frame.src = '/test.html?variant=' + variant + '&user=' + user;
			const outcome = await new Promise(done => {
				window.onmessage = event => done(event.data);
				place.replaceChildren(frame);
			});
			outcomes[variant].faults.push(...outcome.faults);
			outcomes[variant].results.push(...outcome.results);
		}
	}
	place.textContent = encodeURIComponent(JSON.stringify(outcomes));
	fetch('/end', { method: 'POST', body: '{}' });
})();
</script>`;

const server = http.createServer((request, response) => {
	const url = new URL(request.url, 'http://localhost');
	if (request.method == 'POST') {
		let body = '';
		request.on('data', part => body += part).on('end', () => {
			try {
				response.end(JSON.stringify(answer(url, JSON.parse(body)) ?? null));
			} catch (fault) {
				response.end(JSON.stringify({ error: fault.message }));
			}
		});
		return;
	}
	const isOurs = url.pathname.startsWith('/luci-static/');
	const file = isOurs ? `${folder}/${url.searchParams.get('variant')}/www${url.pathname}` : `${__dirname}${url.pathname}`;
	const isHTML = url.pathname == '/' || file.endsWith('.html');
	response.setHeader('Content-Type', isHTML ? 'text/html; charset=utf-8' : 'text/javascript; charset=utf-8');
	if (url.pathname == '/') return response.end(frames);
	if (url.pathname == '/held') return held = response;
	fs.readFile(file, (error, data) => {
		if (error) response.writeHead(404);
		response.end(data ?? '');
	});
});

function report(outcomes) {
	let status = 0;
	for (const result of outcomes[0].results) if (process.env.VERBOSE || / ms$|differences$/.test(result)) console.log(result);
	for (const fault of outcomes[0].faults) {
		console.log(`FAILED: ${fault}`);
		status = 1;
	}
	for (const [ variant, { faults: [ fault ] } ] of Object.entries(outcomes)) if (variant != 0 && fault) found[variant] = fault;
	faults.forEach(([ file, before, after ], index) => {
		const what = found[index + 1];
		if (process.env.VERBOSE) console.log(`${path.basename(file)}: ${before} -> ${after}: ${what}`);
		if (what) return;
		console.log(`FAILED: no check finds ${path.basename(file)}: '${after}' in place of '${before}'`);
		status = 1;
	});
	console.log(`LuCI: ${outcomes[0].results.length} checks, ${Object.keys(found).length} of ${faults.length} planted faults found`);
	return status;
}
server.listen(0, '127.0.0.1', () => {
	const chromium = spawn('chromium', [ '--headless=new', '--dump-dom', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
		'--no-first-run', '--disable-extensions', '--disable-background-networking', '--disable-component-update', '--no-proxy-server',
		`--user-data-dir=${folder}/profile`, `http://127.0.0.1:${server.address().port}/` ],
	{ stdio: [ 'ignore', 'pipe', fs.openSync(`${folder}/chromium.log`, 'w') ], env: { ...process.env, HOME: folder },
		timeout: 300000, killSignal: 'SIGKILL' });
	let page = '';
	chromium.stdout.on('data', part => page += part);
	chromium.on('close', (code, signal) => {
		const outcomes = page.match(/<div>([^<]+)<\/div>/)?.[1];
		if (outcomes) process.exit(report(JSON.parse(decodeURIComponent(outcomes))));
		console.log(fs.readFileSync(`${folder}/chromium.log`, 'utf8').slice(-2000));
		console.log(`FAILED: the browser ended without an outcome, with ${code ?? `${signal}, after 5 minutes`}`);
		process.exit(1);
	});
});
