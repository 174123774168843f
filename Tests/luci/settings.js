'use strict';
// Fills in the form of the settings as a user does, and saves it.
const job = (name, more = {}) => ({ '.type': 'job', '.name': name, ...more });
const alias = (id, more = {}) => ({ '.type': 'cname', '.name': id, target: [ 'a' ], ...more });
async function open(config, { leases = [], reservations = [], check = { now: 1, in_force: true, findings: [] } } = {}) {
	ui.hideModal();
	begin(structuredClone(config), reservations);
	Object.assign(fakes, { leases: { now: 1, leases }, check });
	return (await show(settings)).box;
}
const tabOf = type => document.querySelector(`[data-tab=${type}]`);
const field = (name, root = modal()) => root.querySelector(`[data-field$=".${name}"]`);
const write = (input, value, ...events) => {
	input.value = value;
	for (const event of [ 'keyup', ...events ]) input.dispatchEvent(event instanceof Event ? event : new Event(event));
};
function fill(name, value, root = modal()) {
	const node = field(name, root), input = node.querySelector('.add-item input') ?? node.querySelector('select, input');
	if (Array.isArray(value)) {
		node.querySelectorAll('.item').forEach(item => item.click());
		for (const each of value) write(input, each, new KeyboardEvent('keydown', { key: 'Enter' }));
	} else if (input.type == 'checkbox') {
		if (input.checked != (value == '1')) input.click();
	} else write(input, value, 'change', 'blur');
}
async function add(type, name) {
	const [ input, button ] = [ 'input.cbi-section-create-name', 'div > button:last-child' ].map(each => tabOf(type).querySelector(each));
	if (name != null) write(input, name);
	button.click();
	await new Promise(done => setTimeout(done, 0));
}
async function edit(id) {
	button(document.querySelector(`tr[data-section-id="${id}"]`), 'Edit').click();
	await until(modal, 'a dialog');
}
const reasons = () => [ ...document.querySelectorAll('.dhcp-hook-fault') ].map(node => `${node.closest('[data-field]').dataset.field.split('.').at(-1)}: ${node.textContent}`);
// Saves the dialog, and returns whether that worked. A refusal must show its reason at a field.
async function saves() {
	button(modal(), 'Save').click();
	await until(() => !modal() || window.silent, 'it is saved or not');
	if (window.silent && !reasons().length) throw new Error(`it can't be saved, and does not say why: ${window.silent}`);
	const isSaved = !modal();
	ui.hideModal();
	return isSaved;
}

// Sections to try: [ other sections, type, fields, name of a job ].
const host = [ 'a', 'A_9-x', 'a.b', 'a..b', '.a', 'a.', '-a', 'a.-b', 'a b', 'a,b', 'a/b', 'ä', '*', 'x'.repeat(63), 'x'.repeat(64),
	Array(4).fill('x'.repeat(62)).join('.'), Array(4).fill('x'.repeat(63)).join('.'), '<b>', 'a#b', '$(id)', '_', '9', '-' ];
const time = [ '0', '10', '0.25', '.5', '5.', '.', '0.1234', '-1', '+1', '1e3', '604800', '604800.001', '604801', '1000000000', '0x10',
	'1 ', 'soon', '1,5', 'NaN', 'Infinity' ];
const path = [ '/', '/tmp/x', 'tmp', '/a b', '/a\tb', '/ä', '~/x', '/"x"', "/'x'" ];
const line = [ 'true', "echo '<i>'", 'a\tb', 'a;b && c', 'ä', '\x01', 'a\x7fb', '"', ' ' ];
const tried = [
	...host.map(name => [ [], 'cname', { name, target: [ 'a' ] } ]),
	...[ ...host, 'a x', 'a x y', ' a', 'a  x ', 'a -x', 'a\tx' ].map(target => [ [], 'cname', { name: 'm', target: [ target ] } ]),
	...[ [], [ 'a', 'b' ], [ 'a', 'A' ], [ 'a', 'a x' ], [ 'a x', 'b x' ], [ 'a', 'b', 'B x' ], [ 'a', '-b' ] ].map(target => [ [], 'cname', { name: 'm', target } ]),
	// Two aliases of one name. One may be disabled, or may have the name of its section.
	...[ 'x', 'X', 'y', 'x.lan' ].flatMap(name => [ '0', '1' ].flatMap(enabled =>
		[ { name: 'x' }, { name: 'X' }, { name: 'x', enabled: 'off' }, {} ].map(other => [ [ alias(other.name ? 'cfg000001' : 'x', other) ], 'cname', { name, enabled, target: [ 'b' ] } ]))),
	...[ 'quiet', 'max_wait', 'timeout', 'max_interval' ].flatMap(option => time.map(value => [ [], 'job', { [option]: value }, 'j' ])),
	...[ '', '0', '0.5', '9.999', '10', '60', '600', '604800' ].flatMap(quiet => [ '', '0', '0.0', '9', '10.0', '60', '604800' ]
		.map(max_wait => [ [], 'job', { quiet, max_wait }, 'j' ])),
	...[ '0', '3', '100', '101', '-1', '1.5', '007', '1000000000', 'x' ].map(retries => [ [], 'job', { retries }, 'j' ]),
	...[ 'command', 'verify' ].flatMap(option => line.map(value => [ [], 'job', { [option]: value }, 'j' ])),
	...[ 'j', 'J_9', 'x'.repeat(63), 'x'.repeat(64), 'a-b', 'a b', 'ä', '9', '_', 'a.b', 'm', 'updater' ]
		.map(name => [ [ alias('m'), { '.type': 'updater', '.name': 'updater' } ], 'job', {}, name ]),
	...host.map(domain => [ [], 'updater', { domain } ]),
	...[ 'confdir', 'mappings' ].flatMap(option => path.map(value => [ [], 'updater', { [option]: value } ])),
	...[ 'cname', 'hosts' ].map(publish => [ [], 'updater', { publish } ]),
	...[ 'alias', 'lease' ].map(request => [ [], 'updater', { request } ]),
];

test('the form takes what the programs take, and nothing else', async () => {
	const wrong = [], said = new Set();
	const verdicts = await server('/verdicts', tried.map(([ others, type, fields, name ]) => [ ...others, { '.type': type, '.name': name ?? 'new', ...fields } ]));
	for (const [ index, [ others, type, fields, name ] ] of tried.entries()) {
		await open(others);
		let isTaken;
		if (type == 'updater') {
			for (const [ option, value ] of Object.entries(fields)) fill(option, value, tabOf(type));
			isTaken = await map.save(null, true).then(() => true, () => false);
		} else {
			await add(type, name);
			if (modal()) for (const [ option, value ] of Object.entries(fields)) fill(option, value);
			isTaken = modal() != null && await saves();
			reasons().forEach(reason => said.add(reason));
		}
		if (isTaken != verdicts[index]) wrong.push([ others, type, fields, name, isTaken ]);
	}
	results.push(`${tried.length} values and combinations: ${wrong.length} differences`);
	ok(!wrong.length, `the form and the programs differ: ${JSON.stringify(wrong)}`);
	ok(tried.length >= 300, 'many are tried');
	ok(verdicts.filter(each => each).length > 100 && verdicts.filter(each => !each).length > 100, 'some are fine and others not');
});

test('each field that is refused says why', async () => {
	const said = async (config, id, fields) => {
		await open(config);
		await edit(id);
		for (const [ name, value ] of Object.entries(fields)) fill(name, value);
		button(modal(), 'Save').click();
		await until(() => reasons().length, 'a reason');
		return reasons().join('|');
	};
	is(await said([ alias('m', { target: [ 'a b c' ] }) ], 'm', {}),
		'target: "a b c" is no target: write a host name, and perhaps a blank and a system.', 'a target in the file');
	is(await said([ alias('m') ], 'm', { target: [] }), 'target: An alias needs a target.', 'no target');
	is(await said([ alias('m', { target: [ 'a', 'A x' ] }) ], 'm', {}), 'target: "a" is in the list twice.', 'a target again');
	is(await said([ alias('m'), alias('cfg000001', { name: 'M' }) ], 'cfg000001', {}), 'name: There is another alias of this name.', 'a second alias');
	is(await said([ job('j') ], 'j', { quiet: '20', max_wait: '10' }),
		'max_wait: The longest wait is 0, or no shorter than the quiet time.', 'a wait that is too short');
	// A line that is typed in, but is not in the list.
	await open([ alias('m') ]);
	await edit('m');
	write(field('target').querySelector('.add-item input'), 'b');
	ok(!await saves() && window.config[0].target.join() == 'a', 'a target without Enter');
	await open([]);
	await add('cname');
	button(modal(), 'Save').click();
	await until(() => reasons().length == 2, 'a new alias without anything');
	is(reasons()[0], 'name: This field must not be empty.', 'needs a name');
});

test('an alias that would be a second one is not enabled in the table', async () => {
	await open([ alias('m'), alias('cfg000001', { name: 'm', enabled: '0' }) ]);
	document.querySelector('tr[data-section-id=cfg000001] input[type=checkbox]').click();
	ok(await map.save(null, false).then(() => false, ({ message }) => message.includes('There is another alias of this name.')), 'and the page says why');
	ok(modal(), 'in a dialog');
});

test('the name of a job is looked at where it is typed', async () => {
	await open([ alias('m'), job('dnsmasq') ]);
	const [ input, button ] = [ 'input.cbi-section-create-name', ':scope > div > button' ].map(each => tabOf('job').querySelector(each));
	for (const [ name, isFine ] of [ [ 'x'.repeat(63), true ], [ 'x'.repeat(64), false ], [ 'm', false ], [ 'dnsmasq', false ], [ 'a-b', false ], [ 'a', true ], [ '', false ] ]) {
		write(input, name);
		ok(button.disabled != isFine, `a job '${name}'`);
		if (!isFine && name) ok(/^(The name of a job|There is another section)/.test(input.dataset.tooltip), 'and why not');
	}
});

test('a refused reload is loud', async () => {
	const finding = { file: '/etc/config/debounced', line: 7, kind: 'fault', text: "quiet 'x': allowed are seconds" };
	const box = await open([], { check: { now: 1, in_force: false, findings: [ finding ] } });
	is(boxes(box)[0], 'alert-message danger: The settings are refused, so the earlier settings stay in force. Correct this:'
		+ "/etc/config/debounced:7 quiet 'x': allowed are seconds", 'with file and line');
	ok(box.querySelector('.alert-message').compareDocumentPosition(box.querySelector('.cbi-map')) & Node.DOCUMENT_POSITION_FOLLOWING, 'on top');
	is(boxes(await open([])).length, 0, 'and nothing else is');
});

test('one target with its system is one', async () => {
	const config = [ alias('m', { target: 'deck steamos' }), alias('n', { target: [ 'a', 'b x' ] }) ];
	await open(config);
	is(document.querySelector('tr[data-section-id=m]').cells[2].textContent, 'deck steamos', 'in the table');
	is(document.querySelector('tr[data-section-id=n]').cells[2].textContent, 'a, b x', 'and two are two');
	await edit('m');
	is([ ...field('target').querySelectorAll('.item') ].map(each => each.textContent).join(), 'deck steamos', 'in the dialog');
	ok(await saves() && [ window.config[0].target ].flat().join() == 'deck steamos', 'and when it is saved');
});

test('the quiet time stands in the table and in the dialog', async () => {
	await open([ job('dnsmasq', { quiet: '7' }) ]);
	ok(document.querySelector('tr[data-section-id=dnsmasq]').textContent.includes('7 s'), 'with its unit');
	await edit('dnsmasq');
	fill('quiet', '30');
	ok(await saves() && window.config[0].quiet == '30', 'and can be set');
});

test('defaults show where nothing is set', async () => {
	const box = await open([ job('dnsmasq'), job('network', { quiet: '2' }), job('own', { command: 'true' }) ]);
	ok(!/none|Please choose|unspecified/.test(box.querySelector('.cbi-map').textContent), 'no default is hidden');
	ok(box.querySelector('tr[data-section-id=dnsmasq]').textContent.includes('service dnsmasq restart10 s'), 'in the table');
	ok(box.querySelector('tr[data-section-id=network]').textContent.includes('service network restart2 s'), 'for each job');
	for (const [ id, wanted ] of [ [ 'dnsmasq', 'service dnsmasq restart|cname-updater verify|10|60|300|3|600' ],
		[ 'network', 'service network restart||10|12|60|3|600' ], [ 'own', 'service own restart||10|60|60|3|600' ] ]) {
		await edit(id);
		is([ 'command', 'verify', 'quiet', 'max_wait', 'timeout', 'retries', 'max_interval' ]
			.map(name => field(name).querySelector('input').placeholder).join('|'), wanted, `in the dialog of ${id}`);
		ui.hideModal();
	}
	is([ 'publish', 'request', 'job' ].map(name => field(name, tabOf('updater')).querySelector('select').value).join(), 'cname,alias,dnsmasq', 'in a choice');
	ok([ 'domain', 'confdir', 'mappings' ].every(name => field(name, tabOf('updater')).querySelector('input').placeholder), 'and in a field');
	await map.save(null, true);
	is(JSON.stringify(window.config.map(({ '.anonymous': _, ...section }) => section)),
		JSON.stringify([ job('dnsmasq', { }), job('network', { quiet: '2' }), job('own', { command: 'true' }) ]), 'and are not written');
});

test('three tabs, with help for each field', async () => {
	const box = await open([ job('dnsmasq'), alias('m') ]);
	is([ ...box.querySelectorAll('[data-tab-title]') ].map(each => each.dataset.tabTitle).join(), 'Aliases,Jobs,Advanced', 'the tabs');
	is([ ...box.querySelectorAll('h2, h3') ].filter(each => each.getClientRects().length).map(each => each.textContent).join(), 'Settings', 'one heading');
	ok(!box.querySelector('.drag-handle'), 'nothing to drag, as the order means nothing');
	for (const id of [ 'dnsmasq', 'm' ]) {
		await edit(id);
		for (const each of modal().querySelectorAll('[data-field]'))
			ok(each.querySelector('.cbi-value-description').textContent || /enabled$/.test(each.dataset.field), `help for ${each.dataset.field}`);
		ui.hideModal();
	}
	for (const each of tabOf('updater').querySelectorAll('[data-field]'))
		ok(each.querySelector('.cbi-value-description').textContent, `help for ${each.dataset.field}`);
	const wanted = await server('/options');
	const has = async id => { await edit(id); const all = [ ...modal().querySelectorAll('[data-field]') ]; ui.hideModal(); return all; };
	for (const [ type, fields ] of [ [ 'cname', await has('m') ], [ 'job', await has('dnsmasq') ], [ 'updater', [ ...tabOf('updater').querySelectorAll('[data-field]') ] ] ])
		is(fields.map(each => each.dataset.field.split('.').at(-1)).sort().join(), wanted[type].sort().join(), `the options of ${type}`);
});

test('the way of publishing says what it gives and costs', async () => {
	const advice = { file: '/etc/config/dhcp', line: 3, kind: 'advice', text: hostile };
	await open([], { check: { now: 1, in_force: true, findings: [ advice ] } });
	const help = field('publish', tabOf('updater')).querySelector('.cbi-value-description').textContent;
	for (const word of [ 'without|not restarted', 'reverse look-up', '2\\.88', '23\\.05', 'without DNS', '3 seconds' ]) ok(new RegExp(word).test(help), `what it is: ${word}`);
	ok(help.includes(`/etc/config/dhcp: ${hostile}`), 'and the advice of the check');
	is(boxes(document.body).length, 0, 'which is no warning');
	const box = await open([], { check: { now: 1, in_force: true, findings: [] } });
	is([ ...field('publish', box).querySelectorAll('option') ].map(each => each.value).join(), 'cname,hosts', 'both ways');
});

test('targets are suggested', async () => {
	await open([ alias('m') ], { leases: [ { hostname: 'pear', addresses: [ '10.0.0.3' ] }, { hostname: 'apple', addresses: [ '10.0.0.2' ] }, { hostname: '', addresses: [] }, { hostname: hostile, addresses: [] } ],
		reservations: [ { '.type': 'host', name: 'Cherry', ip: '10.0.0.9' }, { '.type': 'host', name: 'apple' }, { '.type': 'host', mac: 'x' } ] });
	await edit('m');
	is([ ...field('target').querySelectorAll('li:not([placeholder])') ].map(each => each.querySelector('input') ? 'custom' : each.textContent).join(),
		'custom,apple 10.0.0.2,cherry 10.0.0.9,pear 10.0.0.3', 'sorted, with addresses, below the line for another one');
	await open([ alias('m') ]);
	await edit('m');
	fill('target', [ 'b' ]);
	ok(await saves() && window.config[0].target.join() == 'b', 'and none need be');
	begin([ alias('m') ], null);
	ok((await show(settings)).box.querySelector('tr[data-section-id=m]'), 'without the settings of dnsmasq, too');
});

test('other words for 0 and 1', async () => {
	await open([ alias('m', { enabled: 'off', probe: 'yes' }), job('j', { enabled: 'disabled' }) ]);
	ok([ 'm', 'j' ].every(id => !document.querySelector(`tr[data-section-id=${id}] input`).checked), 'are not enabled');
	await edit('m');
	is(field('probe').querySelector('input').checked, true, 'is probed');
});

test('an alias is named by its option or its section', async () => {
	const box = await open([ alias('maxwell'), alias('cfg0a1b2c', { name: 'my-alias' }), alias('cfg000002') ]);
	is([ ...tabOf('cname').querySelectorAll('tr[data-section-id]') ].map(each => each.cells[1].textContent).join(), 'maxwell,my-alias,none', 'in the table');
	await edit('maxwell');
	ok(modal().textContent.includes('Alias maxwell') && await saves() && !('name' in window.config[0]), 'and stays so');
	await add('cname');
	fill('name', 'my-other');
	fill('target', [ 'b' ]);
	ok(await saves() && window.config[3].name == 'my-other' && box, 'a new one has an option');
	await add('cname');
	button(modal(), 'Dismiss').click();
	is(window.map.children[0].cfgsections().length, 4, 'and none is left by a dialog that was dismissed');
});

test('the form needs no section of the updater', async () => {
	await open([ job('dnsmasq') ]);
	ok(field('publish', tabOf('updater')), 'the fields are there');
	await map.save(null, true);
	is(window.config.length, 1, 'nothing is added');
	fill('publish', 'hosts', tabOf('updater'));
	await map.save(null, true);
	is(JSON.stringify(window.config[1]), '{".type":"updater",".name":"updater",".anonymous":false,"publish":"hosts"}', 'until it is needed');
	await open([ job('a'), { '.type': 'updater', '.name': 'cfg000001', publish: 'hosts' } ]);
	is([ 'publish', 'job' ].map(name => field(name, tabOf('updater')).querySelector('select').value).join(), 'hosts,a', 'one without a name will do, and the first job');
	await open([ job('a'), { '.type': 'updater', '.name': 'updater', job: 'gone' } ]);
	is(field('job', tabOf('updater')).querySelector('select').value, 'gone', 'a job that is not there shows');
	ok(await map.save(null, true).then(() => false, ({ message }) => message.includes('There is no job "gone".')), 'and is refused');
	await open([ alias('m') ]);
	ok(tabOf('job').textContent.includes('The built-in job dnsmasq is in force'), 'without a job there is one');
});

test('without the file the form says what to do', async () => {
	const box = await open(null);
	ok(/notice: There is no settings file, so the defaults apply.*touch \/etc\/config\/debounced/.test(boxes(box)[0]), 'make it');
});

test('a reader sees the settings, and changes none', async () => {
	const box = await open([ job('dnsmasq'), alias('m') ]);
	ok([ ...box.querySelectorAll('input, select') ].every(each => each.disabled), 'no field can be changed');
	ok([ ...box.querySelectorAll('button') ].every(each => each.disabled || each.textContent == 'Edit'), 'and no button pressed');
}, 'reader');

test('each text of the settings can be translated', () => marked(async () => {
	const look = async (box, ids) => {
		isTranslated({ textContent: [ ...box.querySelectorAll('h2, th, [data-field]:not([data-field$=".job"]) option, .cbi-section-descr, .cbi-value-description, [data-tab] label, .placeholder') ].map(each => each.textContent).join() });
		for (const id of ids) {
			await edit(id);
			isTranslated({ textContent: [ ...modal().querySelectorAll('h4, label, .cbi-value-description') ].map(each => each.textContent).join() });
			ui.hideModal();
		}
	};
	await look(await open([ job('_'), alias('cfg0', { name: '_' }) ], { check: { now: 1, in_force: false, findings: [ { file: '/', line: 1, kind: 'fault', text: '1' } ] } }), [ '_', 'cfg0' ]);
	await look(await open([]), []);
	isTranslated(await open(null));
	await open([ alias('cfg0', { name: '-', target: [ '-', '_', '_' ] }), job('_') ]);
	for (const id of [ 'cfg0', '_' ]) {
		await edit(id);
		if (id == '_') [ 'quiet', 'retries', 'command' ].forEach(name => fill(name, '\x01'));
		button(modal(), 'Save').click();
		await until(() => reasons().length, 'faults');
		document.querySelectorAll('.dhcp-hook-fault').forEach(isTranslated);
		ui.hideModal();
	}
}));
