// Whether an object of JSON has the shape that a manual gives for it: node Tests/shape.js MANUAL CALL <ANSWER, where CALL
// begins the line above the shape. See the manual of debounced for the notation. A member that the shape does not have is
// a fault, too.
'use strict';
const fs = require('fs');
const [ manual, call ] = process.argv.slice(2);

const kinds = {
	seconds: value => typeof value == 'number' && value >= 0 && Math.abs(value * 1000 - Math.round(value * 1000)) < 1e-3,
	count: value => Number.isInteger(value) && value >= 0,
	text: value => typeof value == 'string',
	boolean: value => typeof value == 'boolean',
	null: value => value === null,
};

function check(value, shape, place) {
	const fault = what => { throw new Error(`${place}: ${JSON.stringify(value)?.slice(0, 100)}: ${what}`); };
	if (typeof shape == 'string') {
		if (!shape.split(' | ').some(kind => kinds[kind]?.(value) ?? value === kind))
			fault(`is not ${shape}`);
	} else if (Array.isArray(shape)) {
		if (!Array.isArray(value)) fault('is no list');
		value.forEach((each, index) => check(each, shape[0], `${place}[${index}]`));
	} else {
		if (value === null || typeof value != 'object' || Array.isArray(value)) fault('is no object');
		const known = new Set();
		for (const [ key, member ] of Object.entries(shape)) {
			const name = key.replace(/\?$/, '');
			known.add(name);
			if (name in value) check(value[name], member, `${place}.${name}`);
			else if (name == key) fault(`has no ${name}`);
		}
		for (const name of Object.keys(value)) if (!known.has(name)) fault(`has ${name}, of which the manual says nothing`);
	}
}

const lines = fs.readFileSync(manual, 'utf8').split('\n');
const heading = lines.findIndex(line => line.startsWith(call));
const start = lines.indexOf('```json', heading);
if (heading < 0 || start < 0 || start > heading + 3) throw new Error(`${manual}: no shape of ${call}`);
const shape = JSON.parse(lines.slice(start + 1, lines.indexOf('```', start)).join('\n'));
check(JSON.parse(fs.readFileSync(0, 'utf8')), shape, '');
