-- Code survives copying. A PDF viewer drops the spaces at the start of a line and takes
-- a wide gap for the end of a column, unless an ActualText says that spaces are there.

local glyph, space = node.id("glyph"), 32
local invisible = { [node.id("whatsit")] = true, [node.id("kern")] = true }
local pdf_literal = node.subtype("pdf_literal")

local function literal(data)
  local n = node.new("whatsit", pdf_literal)
  n.mode, n.data = 1, data
  return n
end

local function wrap(head, run)
  local text = "FEFF" .. string.rep("0020", #run)
  local span = "/Span <</ActualText <" .. text .. ">>> BDC"
  head = node.insert_before(head, run[1], literal(span))
  node.insert_after(head, run[#run], literal("EMC"))
  return head
end

-- Wrap the spaces of the line in TeX's box register `number`: those at its start, and
-- wherever there are two or more.
function handout_spaces(number)
  local box = tex.box[number]
  local runs, run, start = {}, {}, true
  for n in node.traverse(box.head) do
    if n.id == glyph and n.char == space then
      run[#run + 1] = n
    elseif not invisible[n.id] then
      if #run > 1 or (start and #run == 1) then runs[#runs + 1] = run end
      run, start = {}, false
    end
  end
  for _, spaces in ipairs(runs) do box.head = wrap(box.head, spaces) end
end
