'use strict';
// Tests the status page, and the part on LuCI's overview.
const rows = node => Object.fromEntries([ ...node.querySelectorAll('tr:not(.table-titles)') ]
	.map(row => [ row.cells[0].querySelector('span')?.firstChild?.textContent, row ]));
const textOf = cell => cell.textContent.trim().replace(/ +/g, ' ');
const cells = node => [ ...node.querySelector('table').rows ].slice(1).map(row => [ ...row.cells ].map(textOf));
const names = count => Array.from({ length: count }, (_, index) => `host-${index}`);
const aliases = (list, more = {}) => ({ now: 5000, aliases: list.map(alias => ({ alias, target: alias, addresses: [ '10.0.0.1' ],
	since: 4000, expires: 6000, reason: 'preferred', loaded: true, obstacle: null, text: null, confdirs: [ '/tmp/a' ],
	candidates: [ { target: alias, presence: 'unreachable', reached: 4990, misses: 2 } ], ...more })) });
const jobs = (list, more = {}) => ({ now: 5000, version: '1.2', process: 1, stopped: false, rejected: 0, jobs: list.map(job => ({ job, state: 'idle',
	command: 'true', quiet: 10, requests: 1, runs: 1, failures: 0, saved: 0, last_exit: 0, last_run: 4000, due: null, causes: [ job ],
	...more })) });
const findings = (...kinds) => ({ now: 5000, in_force: true, findings: kinds.map(kind => ({ file: '/f', line: 1, kind, text: kind })) });
async function shown(answers) {
	fakes = { aliases: aliases([ 'm' ]), status: jobs([ 'a' ]), check: findings(), ...answers };
	return show(status);
}

async function real() {
	const { box } = await show(status);
	const { maxwell, printer, other, dnsmasq } = rows(box);
	ok(maxwell.cells[1].textContent.startsWith('maxwell-arch 192.168.1.20'), 'an alias shows where it leads');
	is(maxwell.cells[4].textContent, 'its system has the newest lease', 'and why');
	ok(/^\d+ (s|min) ago$/.test(maxwell.cells[2].textContent), 'and since when');
	ok(/^in (\d\d min|1 h 0 min)$/.test(maxwell.cells[3].textContent), 'and until when');
	is(maxwell.cells[5].textContent, 'maxwell-bigsur unknown', 'and which candidate competes');
	is(maxwell.cells[0].textContent, 'maxwell', 'no folder stands where there is one row');
	ok(maxwell.cells[1].textContent.endsWith('after a restart of dnsmasq'), 'dnsmasq does not have it yet');
	is(textOf(printer.cells[1]), 'leads nowhere after a restart of dnsmasq', 'an alias that leads nowhere says so');
	is(printer.cells[4].textContent, 'no target is up', 'and why');
	is(textOf(other.cells[1]), 'idle', 'a job shows its state');
	is(dnsmasq.cells[6].textContent, 'Request Run now Forget', 'and what can be done');
	ok(box.querySelector('.alert-message').textContent.includes('printer'), 'what check finds is on top');
	ok(/^System log Version \S+$/.test(box.querySelector('p:last-child').textContent), 'the version is below');
	return box;
}

test('a reader sees all and changes nothing', async () => {
	const box = await real();
	ok([ ...box.querySelectorAll('button') ].every(each => each.disabled), 'a reader can press no button');
	for (const method of [ 'request', 'flush', 'cancel' ])
		ok((await server('/ubus', { object: 'dhcp-hook', method, input: { job: 'dnsmasq' } })).error, `a reader may not ${method}`);
	for (const method of [ 'status', 'aliases', 'presence', 'leases', 'check' ])
		ok((await server('/ubus', { object: 'dhcp-hook', method, input: {} })).result?.now > 0, `a reader may see ${method}`);
}, 'reader');

test('a job is requested, run and forgotten', async () => {
	const box = await real();
	const press = title => button(rows(box).other, title).click();
	ok(button(rows(box).other, 'Run now').disabled && button(rows(box).other, 'Forget').disabled, 'nothing to run or forget');
	press('Request');
	await until(() => said.at(-1) == 'info: Request: other: done', 'a request is told');
	await until(() => /^waiting runs in (\d+ min|59\d s)$/.test(textOf(rows(box).other.cells[1])), 'and seen at once');
	ok(/^\d+$/.test(rows(box).other.cells[2].textContent), 'and counted');
	// Another session cancels the request.
	await server('/ubus', { object: 'dhcp-hook', method: 'cancel', input: { job: 'other' } });
	await follows(() => rows(box).other.cells[1].textContent.trim() == 'idle', 'the page follows by itself');
	for (const [ title, action, verb ] of [ [ 'Forget', 'Forget the request', 'cancel' ], [ 'Run now', 'Run the command', 'flush' ] ]) {
		press('Request');
		await follows(() => !button(rows(box).other, title).disabled, `${verb}: it waits`);
		const sent = async () => (await server('/calls')).filter(([ method, input ]) => method == verb && input.job == 'other').length;
		const before = await sent();
		press(title);
		await until(modal, `${verb} asks first`);
		ok(modal().textContent.includes(': "<i id=hot>"'), 'and shows the command');
		button(modal(), 'Back').click();
		await until(() => !modal(), 'and can be left');
		ok(await sent() == before && !button(rows(box).other, title).disabled, 'with nothing done');
		press(title);
		await until(modal, `${verb} asks again`);
		button(modal(), action).click();
		await follows(() => [ 'idle', 'failed' ].includes(textOf(rows(box).other.cells[1])), `${verb} is sent`);
		await until(() => !modal(), 'and the question gone');
		is(await sent(), before + 1, 'to that job, once');
	}
	await until(() => /Run now/.test(said.at(-1)), 'it is told');
	await follows(() => rows(box).other.cells[1].querySelector('.label.danger')?.textContent == 'failed', 'a job that has failed is red');
	ok(rows(box).other.cells[5].textContent.includes('status 3'), 'and shows its status');

	// The page shows a refusal of the plugin.
	fakes.request = { now: 1, status: 64, text: hostile, run: null };
	press('Request');
	await until(() => said.at(-1) == `danger: Request: ${hostile}`, 'a refusal is told');
});

test('whatever comes is text', async () => {
	const strange = { reason: hostile, obstacle: hostile, text: hostile, target: hostile, addresses: [ hostile ],
		confdirs: [ hostile ], candidates: [ { target: hostile, presence: hostile, reached: 1, misses: 1 } ] };
	const { view, box } = await shown({ aliases: aliases([ hostile, hostile ], strange), check: findings(hostile),
		status: { ...jobs([ hostile ], { state: hostile, command: hostile, causes: [ hostile ], due: 6000 }), version: hostile } });
	is(box.textContent.split(hostile).length - 1, 21, 'all of it shows as it is');
	button(box, 'Forget').click();
	await until(() => modal()?.textContent.split(hostile).length == 3, 'in a question, too');
	fakes.check = { now: 1, in_force: true, findings: [ 'fault', 'problem', 'remark' ].map(kind => ({ file: hostile, line: 1, kind, text: hostile })) };
	await view.check();
	is(box.textContent.split(hostile).length - 1, 27, 'what check finds, too');
});

test('what is wrong comes first, the gravest in red', async () => {
	const { view, box } = await shown({ check: findings('fault', 'problem', 'remark', 'advice') });
	is(boxes(box).join('|'), 'alert-message danger: The settings are refused, so the earlier settings stay in force. Correct this:/f:1 fault|'
		+ 'alert-message danger: /f:1 problem|alert-message warning: /f:1 remark', 'a fault, a problem and a remark');
	const order = [ ...box.querySelectorAll('.alert-message, table') ].map(node => node.nodeName).join();
	is(order, 'DIV,DIV,DIV,TABLE,TABLE', 'then the aliases, then the jobs');
	fakes.check = { ...findings(), in_force: false };
	await view.check();
	ok(boxes(box).length == 1 && boxes(box)[0].startsWith('alert-message warning: The settings were changed'), 'settings that are not in force yet');
	fakes.check = findings();
	await view.check();
	is(boxes(box).length, 0, 'nothing is wrong');
});

test('what is missing says what it is, and what to do', async () => {
	const { view, box } = await shown({ status: { now: 1, status: 69, text: '/run: debounced is not running', run: null } });
	ok(boxes(box).length == 1 && /danger: The service debounced is not running.*Start it/.test(boxes(box)[0]), 'no daemon');
	ok(!box.textContent.includes('job') && rows(box).m, 'the page shows the aliases, and does not say that there are no jobs');
	const failure = { now: 1, status: 71, text: "cname-updater can't be run", run: null };
	Object.assign(fakes, { status: failure, aliases: failure, check: failure });
	await view.refresh();
	await view.check();
	ok(boxes(box).length == 1 && /programs do not run.*install.*can't be run/.test(boxes(box)[0]), 'no programs, said once');
	ok(!box.querySelector('table'), 'and nothing else');
	Object.assign(fakes, { status: jobs([ 'a' ]), aliases: aliases([]), check: Promise.reject(new Error(hostile)) });
	await view.refresh();
	await view.check();
	is(boxes(box).join(), `alert-message danger: ${hostile}`, 'the page shows a program that does not answer, and hides nothing');
	ok(box.textContent.includes('There are no aliases yet: add one'), 'no alias');
	fakes.status = { ...jobs([]), stopped: true, process: 7 };
	await view.refresh();
	ok(box.textContent.includes('No job is enabled') && box.textContent.includes('stopped, as process 7'), 'no job, and a daemon that is stopped');
	begin([ { '.type': 'cname', '.name': 'm', enabled: '0', target: [ 'a' ] } ]);
	ok((await shown({ aliases: aliases([]) })).box.textContent.includes('All aliases are disabled: enable one'), 'no enabled alias');
});

test('a row is updated in place, and the check is rare', async () => {
	const { view, box } = await shown({ status: jobs([ 'a', 'b' ]) });
	const [ request, alias ] = [ button(rows(box).a, 'Request'), rows(box).m.cells[0].firstChild.firstChild ];
	request.focus();
	getSelection().selectAllChildren(rows(box).m.cells[0]);
	fakes.aliases = { ...aliases([ 'm' ]), now: 5060 };
	fakes.status = { ...jobs([ 'a', 'b' ], { requests: 7, state: 'waiting', due: 5070 }), now: 5060 };
	await view.refresh();
	is(rows(box).a.cells[2].textContent, '7', 'a change shows');
	is(rows(box).m.cells[2].textContent, '17 min ago', 'and the time goes on');
	ok(document.activeElement == request && request.isConnected, 'the focus stays');
	is(`${getSelection()}`, 'm', 'and the selection');
	ok(alias.isConnected, 'and what has not changed');
	// Job b takes the place of job a.
	fakes.status = jobs([ 'b' ]);
	await view.refresh();
	fakes.request = { now: 1, status: 0, text: '', run: null };
	button(box, 'Request').click();
	await until(() => said.at(-1) == 'info: Request: b: done', 'a button is for the job in its row');
	is(polls.map(({ seconds }) => seconds).join(), '5,60', 'a check each minute');
});

test('many aliases are no trouble', async () => {
	const { view, box } = await shown({ aliases: aliases(names(60)) });
	is(cells(box).length, 60, 'sixty');
	ok(cells(box).every(row => row.length == 6), 'in six columns');
	is([ ...box.querySelectorAll('table')[0].querySelectorAll('div') ].filter(node => node.closest('td').cellIndex != 5).length, 0, 'each in one line');
	for (const count of isReal ? [ 200, 10000 ] : []) {
		fakes = { aliases: aliases(names(count)), status: jobs([ 'a' ], { causes: names(count) }), check: findings() };
		const start = performance.now();
		await view.refresh();
		results.push(`${count} aliases: ${(performance.now() - start).toFixed(1)} ms`);
		is(box.querySelectorAll('tr').length, count + 3, `all of ${count} aliases`);
		ok(box.textContent.includes(`and ${count - 5} more`), 'of the causes the first five');
	}
});

test('a long word stays within the page', async () => {
	const long = 'x'.repeat(180);
	const { box } = await shown({ aliases: aliases([ long ], { target: long }), status: jobs([ 'a' ], { command: long, causes: [ long ] }),
		check: { now: 1, in_force: true, findings: [ { file: `/${long}`, line: 1, kind: 'problem', text: long } ] } });
	box.style.width = '900px';
	ok([ ...box.querySelectorAll('table, .alert-message') ].every(node => node.scrollWidth <= 900 && node.offsetWidth <= 900), 'it is broken');
	const tops = [ ...rows(box).a.querySelectorAll('button') ].map(each => each.getBoundingClientRect().top);
	ok(tops.length == 3 && tops.every(top => top == tops[0]), 'the buttons stay in one line');
});

test('times are short', async () => {
	for (const [ seconds, wanted ] of [ [ -3, '0 s' ], [ 119.9, '119 s' ], [ 120, '2 min' ], [ 7199, '119 min' ], [ 7200, '2 h 0 min' ], [ 172799, '47 h 59 min' ], [ 180000, '2 d 2 h' ] ]) {
		const { box } = await shown({ aliases: aliases([ 'm' ], { since: 5000 - seconds, expires: 5000 + seconds }) });
		is(cells(box)[0].slice(2, 4).join(), `${wanted} ago,in ${wanted}`, wanted);
	}
});

// The page shows competing candidates, each reason, the folders if instances of dnsmasq differ, and what dnsmasq lacks.
test('an alias tells all that is known', async () => {
	const { view, box } = await shown({});
	const see = async (...rows) => {
		fakes.aliases = { now: 5000, aliases: rows };
		await view.refresh();
		return cells(box);
	};
	const [ alias ] = aliases([ 'm' ], { candidates: [ { target: 'a', presence: 'unreachable', reached: 4990, misses: 2 },
		{ target: 'b', presence: 'reachable', reached: 5000, misses: 0 }, { target: 'c', presence: 'unknown', reached: null, misses: 0 } ] }).aliases;
	is((await see(alias))[0][5], 'a unreachableb reachablec unknown', 'the state of the others');
	is([ ...rows(box).m.cells[5].querySelectorAll('div') ].map(each => each.title).join('|'),
		'reached 10 s ago, misses: 2|reached 0 s ago|', 'and what more is known of them');
	for (const reason of await server('/reasons'))
		ok((await see({ ...alias, reason }))[0][4] != reason, `a sentence for ${reason}`);
	const lacking = await see(alias, { ...alias, alias: 'n', loaded: false, obstacle: 'restart', text: 'in English' },
		{ ...alias, alias: 'o', loaded: false, obstacle: 'left_out', text: "left out: 'o' is a CNAME at FILE:3" });
	is(lacking.map(row => row[1]).join(), "m 10.0.0.1,m 10.0.0.1 after a restart of dnsmasq,m 10.0.0.1 not loaded left out: 'o' is a CNAME at FILE:3",
		'only the row that dnsmasq lacks says so, and why');
	is([ ...box.querySelectorAll('table')[0].querySelectorAll('.label') ].map(each => each.className).join(), 'label notice,label danger', 'what is left out is red');
	const [ one, other, last ] = await see(alias, { ...alias, confdirs: [ '/tmp/b', '/tmp/c' ] }, { ...alias, alias: 'n' });
	ok(one[0] == 'm/tmp/a' && other[0] == 'm/tmp/b/tmp/c' && last[0] == 'n', 'where instances differ, their folders');
	// An earlier cname-updater may lack any field.
	for (const name of Object.keys(alias)) {
		const rows = await see({ ...alias, [name]: undefined }, { ...alias, [name]: undefined });
		ok(rows.length == 2 && !/undefined|NaN/.test(rows.flat().join()), `an alias without ${name}: ${rows[0]}`);
	}
	for (const name of [ 'presence', 'reached', 'misses' ]) {
		const rows = await see({ ...alias, candidates: [ { ...alias.candidates[0], [name]: undefined } ] });
		ok(rows[0][5].startsWith('a') && !/undefined|NaN/.test(rows[0][5]), `a candidate without ${name}: ${rows[0][5]}`);
	}
});

test('a job tells all that is known', async () => {
	const job = async more => cells({ querySelector: () => document.querySelectorAll('table')[1] }, await shown({ status: jobs([ 'a' ], more) }))[0];
	for (const [ more, wanted ] of [ [ {}, 'idle' ], [ { last_exit: 1 }, 'failed' ], [ { state: 'running' }, 'running' ], [ { state: 'waiting', due: 5010 }, 'waiting runs in 10 s' ],
		[ { state: 'retrying', due: 5010, last_exit: 1 }, 'retrying runs in 10 s' ], [ { state: 'throttled', due: 9000 }, 'throttled runs in 66 min' ] ])
		is((await job(more))[1], wanted, wanted);
	is((await job({ last_exit: null, last_run: null }))[5], '- a', 'a job that never ran');
	is((await job({ runs: 4, failures: 3 }))[3], '43 failed', 'how many runs failed');
});

test('each text of the status can be translated', () => marked(async () => {
	const { box } = await shown({
		aliases: aliases([ '1', '1' ], { expires: null, since: null, obstacle: 'left_out', text: '9', target: '2', confdirs: [ '/8' ], candidates: [
			{ target: '3', presence: 'unreachable', reached: 3, misses: 4 }, { target: '4', presence: 'reachable', reached: null, misses: 0 } ] }),
		status: { ...jobs([ '5' ], { command: '6', state: 'throttled', failures: 2, last_exit: 1, due: 8000, causes: [ ...'12345678' ] }), stopped: true },
		check: { now: 1, in_force: false, findings: [ { file: '7', line: 1, kind: 'fault', text: '7' } ] },
	});
	box.querySelector('style').remove();
	isTranslated(box);
	for (const title of [ '«Forget»', '«Run now»' ]) {
		button(document.body, title).click();
		isTranslated(modal());
	}
	ui.hideModal();
	const see = async answers => {
		const { box } = await shown(answers);
		box.querySelector('style').remove();
		isTranslated(box);
	};
	await see({ aliases: aliases([]), status: jobs([]), check: { ...findings(), in_force: false } });
	const failure = status => ({ now: 1, status, text: '', run: null });
	await see({ aliases: failure(71), status: failure(69), check: failure(71) });
	await see({ aliases: aliases([ '1' ], { target: null, obstacle: 'restart' }), status: jobs([]) });
}));

test('the overview shows the aliases', async () => {
	const { node } = await load(overview);
	document.body.replaceChildren(node);
	is(rows(node).maxwell.textContent, 'maxwellmaxwell-arch192.168.1.20', 'an alias');
	is(rows(node).printer.textContent, 'printerleads nowhere-', 'and one that leads nowhere');
	fakes.aliases = aliases([ hostile ], { target: hostile, addresses: [ hostile ] });
	is((await load(overview)).node.textContent.split(hostile).length, 4, 'as text');
	fakes.aliases = aliases([ 'm', 'm', 'n' ]);
	const shown = rows((await load(overview)).node);
	is(Object.keys(shown).join(), 'm /tmp/a,n', 'where instances differ, their folders, there too');
	for (const answer of [ { now: 1, aliases: [] }, { now: 1, status: 71, text: '', run: null } ]) {
		fakes.aliases = answer;
		ok((await load(overview)).node === null, 'no alias, no section');
	}
	fakes.aliases = Promise.reject(new Error('nobody there'));
	ok((await load(overview)).node === null, 'nor without the plugin');
});
