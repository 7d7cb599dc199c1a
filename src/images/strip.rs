//! Metadata off, losslessly: orientation and colour profile stay.
